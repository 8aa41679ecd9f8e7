// jalon: what happens on this site, told to its owner alone; nothing is kept or sent before consent where it is needed.
(function (w, d) {
  "use strict";
  var me = d.currentScript || d.querySelector('script[src*="/j.js?"]');
  if (!me) return;
  var site = w.jalonSite, nav = w.navigator, KEY = "jalon_visitor", LIFE = 390 * 86400;
  var src = new URL(me.src), to = src.origin + "/e/" + src.search.slice(1);
  var quiet = site.dnt && (nav.globalPrivacyControl || (nav.doNotTrack || w.doNotTrack) === "1");
  var here = new URL(w.location.href), click = here.searchParams.get("jclid"), waiting = [], queue = [], timer = 0;
  here.searchParams.delete("jclid");
  // An address that is passed on must not make two visitors one.
  if (click) w.history.replaceState(w.history.state, "", here);

  function random() {
    return Array.from(w.crypto.getRandomValues(new Uint8Array(16)), function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("");
  }
  function cookie(text, life) {
    d.cookie = KEY + "=" + text + "; Max-Age=" + life + "; Path=/; SameSite=Lax; Secure";
  }
  function held() {
    var text;
    try { text = w.localStorage.getItem(KEY); } catch (e) { /* switched off */ }
    var parts = (text || (d.cookie.match(KEY + "=([^;]*)") || [])[1] || "").split(".");
    return /^[0-9a-f]{32}$/.test(parts[0]) && Date.now() - parts[1] < LIFE * 1e3 ? parts[0] : null;
  }
  function keep(id) {
    var text = id + "." + Date.now();
    try { w.localStorage.setItem(KEY, text); } catch (e) { cookie(text, LIFE); }
    return id;
  }
  function forget() {
    try { w.localStorage.removeItem(KEY); } catch (e) { /* switched off */ }
    if (d.cookie.match(KEY)) cookie("", 0);
  }
  // An id is kept only with consent: where there is one, consent was given.
  var visitor = held(), consent = quiet ? false : visitor || !site.consent ? true : null;

  function flush() {
    timer = w.clearTimeout(timer);
    if (!queue.length) return;
    var body = JSON.stringify({ sent_at: Date.now(), events: queue.splice(0, 50) });
    if (nav.sendBeacon && nav.sendBeacon(to, new Blob([body], { type: "text/plain" }))) return;
    w.fetch(to, { method: "POST", body: body, keepalive: true, mode: "no-cors", credentials: "omit" }).catch(Boolean);
  }
  function send(event) {
    event.visitor = visitor = visitor || keep(random());
    event.consent = true;
    queue.push(event);
    timer = timer || w.setTimeout(flush, 200);
  }
  function track(type, about) {
    if (consent === false) return;
    var event = { id: random(), type: type, at: Date.now(), url: here.origin + here.pathname };
    if (type === "page_view") {
      event.url = here.href;
      event.referrer = d.referrer;
      if (click) event.click = click;
      click = null;
    }
    ["product", "order"].forEach(function (name) {
      if (about && about[name]) event[name] = String(about[name]);
    });
    if (consent) send(event);
    else if (waiting.length < 20) waiting.push(event);
  }
  function agree(given) {
    if (quiet && given) return;
    consent = !!given;
    if (consent) waiting.forEach(send);
    else {
      queue = visitor ? [{ id: random(), type: "withdrawn", visitor: visitor }] : [];
      visitor = null;
      forget();
      flush();
    }
    waiting = [];
  }
  // Only where a visit begins: later pages say nothing about where somebody came from.
  function begins() {
    var entry = w.performance.getEntriesByType("navigation")[0];
    if (entry && entry.type !== "navigate") return false;
    return click || /[?&](utm_|\w*clid=|epik=)/.test(here.search) || d.referrer.split("/")[2] !== here.host;
  }
  function push(call) { w.jalon[call[0]].apply(null, call.slice(1)); }
  var early = w.jalon;
  w.jalon = { consent: agree, track: track, push: push };
  if (begins()) track("page_view");
  if (me.dataset.product) track("product_view", me.dataset);
  if (Array.isArray(early)) early.forEach(push);
  w.addEventListener("pagehide", flush);
})(window, document);
