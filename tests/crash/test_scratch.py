import asyncio, time
from tests.crash.played import *
from tests.crash.process import *
from tests.crash.stored import *
def test_it(tmp_path):
    async def go():
        async with played(tmp_path / "w") as s:
            st = Stream(s)
            t=time.time()
            r = await Running.start(tmp_path/"w", "serve", "--port", "0", "--json")
            told = await r.line()
            print("ready", time.time()-t, told)
            t=time.time()
            await st.send(told["addresses"], 400)
            print("sent", st.sent, time.time()-t, len(st.acknowledged))
            r.send(signal.SIGTERM); print(await r.end())
            for w in (("sync","--no-normalize"),("sync","--no-normalize"),("normalize",),("normalize","--all"),("attribute",)):
                t=time.time(); n=answered(s)
                print(await done(tmp_path/"w", *w), time.time()-t, answered(s)-n)
            h = Stored(tmp_path/"w/data")
            h.check_whole()
            print(h.left_over(), h.unfinished_runs(), len(h.revisions()), {k: sum(v.values()) for k,v in h.facts().items()}, {k:sum(v.values()) for k,v in h.attribution().items()})
            assert st.keys if 0 else {d.key for d in st.deliveries} <= h.keys()
    asyncio.run(go())
