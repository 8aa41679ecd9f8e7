"""What a connector promises, for the tests of whoever writes one: any test framework, or none.

    from jalon.testing import accept, broken, played, unlike

    assert broken(Bazaar(), BazaarSettings(connector="bazaar", ...)) == []
    assert unlike(Bazaar(), Path("tests/samples")) == []
    with played(Bazaar(), BazaarSettings(connector="bazaar", ...), {"/orders": {"orders": []}}) as bazaar:
        assert bazaar.sync().state == "ok"

`broken` returns the promises that a connector breaks, `unlike` the samples that give other facts than lie beside them,
each as a sentence. `accept` writes those facts anew: look at the difference before you commit it. jalon's own tests
go through the same code, for every connector that is installed. `played` plays the platform: the engine asks, and you
say what it is answered.
"""

from jalon.testing.played import Played, Reply, played
from jalon.testing.promises import PROMISES, broken
from jalon.testing.samples import Sample, accept, derive, samples, unlike

__all__ = ["PROMISES", "Played", "Reply", "Sample", "accept", "broken", "derive", "played", "samples", "unlike"]
