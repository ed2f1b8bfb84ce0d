// The page is drawn on the server; this script puts each update in its place, and sends
// the form. It runs before the body is there, so that the theme is right from the start.
"use strict";

const root = document.documentElement;
const kept = { // storage may be switched off
  get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
  set: (value) => { try { localStorage.setItem("theme", value); } catch { /* not kept, then */ } },
};
if (["light", "dark"].includes(kept.get())) root.dataset.theme = kept.get();

document.addEventListener("DOMContentLoaded", () => {
  const by = (id) => document.getElementById(id);
  const set = (id, text) => { const e = by(id); if (e.textContent !== text) e.textContent = text; };
  const names = ["revenue", "orders", "brands", "cities", "reasons"];

  by("origin").textContent = location.host;
  by("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    kept.set(root.dataset.theme);
  });

  // Updates.
  let source, widths = "";
  const known = new Set();

  function connect() {
    const now = new URLSearchParams(names.map((n) => [n, Math.floor(by("chart-" + n).clientWidth)])).toString();
    if (source && now === widths) return;
    if (source) source.close();
    widths = now;
    source = new EventSource("/events?" + widths);
    source.onmessage = (e) => show(JSON.parse(e.data));
    source.onerror = () => {
      mode("connection lost", "off");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { widths = ""; connect(); }, 2000);
    };
  }

  function mode(text, state) {
    set("mode", text);
    by("mode").dataset.state = state;
  }

  function show(u) {
    mode(u.mode, "on");
    set("time", u.time);
    set("date", u.date + ", UTC");
    for (const [name, text] of Object.entries(u.figures)) set("figure-" + name, text);
    by("loading").hidden = !u.loading;
    if (u.loading) {
      by("loading-bar").value = u.loading.percent;
      set("loading-text", u.loading.text);
    }
    for (const [name, chart] of Object.entries(u.charts)) {
      const e = by("chart-" + name);
      e.setAttribute("aria-label", chart.label);
      e.classList.toggle("none", !chart.svg);
      if (chart.svg) e.innerHTML = chart.svg; else e.textContent = u.empty ? "No sales yet" : "Nothing to draw yet";
    }
    latest(u);
  }

  function latest(u) {
    const body = by("latest");
    if (u.empty) {
      const cell = Object.assign(document.createElement("td"), { colSpan: 5, className: "none", textContent: u.empty });
      const line = document.createElement("tr");
      line.append(cell);
      body.replaceChildren(line);
      return;
    }
    const ids = new Set(u.latest.map((s) => s.id));
    const fresh = u.latest.filter((s) => !known.has(s.id)).length;
    const shown = fresh <= u.latest.length / 2; // more than that would flicker
    body.replaceChildren(...u.latest.map((s) => {
      const line = document.createElement("tr");
      if (!s.ok) line.classList.add("failed");
      if (shown && !known.has(s.id)) line.classList.add("fresh");
      const product = cell(s.product, "");
      product.title = s.product;
      if (s.scenario) product.append(span(s.scenario, "tag"));
      const place = cell(s.place, "place");
      place.append(span(s.channel, "via"));
      line.append(cell(s.time, ""), product, place, cell(s.outcome, "outcome"), cell(s.amount, "amount"));
      return line;
    }));
    known.clear();
    for (const id of ids) known.add(id);
    cities(u.latest);
  }

  const cell = (text, name) => Object.assign(document.createElement("td"), { textContent: text, className: name });
  const span = (text, name) => Object.assign(document.createElement("span"), { textContent: text, className: name });

  // The form offers the cities that were seen.
  const seen = new Set();
  function cities(sales) {
    for (const s of sales) {
      const city = s.place.split(", ")[0];
      if (!city || seen.has(city)) continue;
      seen.add(city);
      by("cities").append(Object.assign(document.createElement("option"), { value: city }));
    }
  }

  by("spike").addEventListener("submit", async (e) => {
    e.preventDefault();
    const form = e.target, button = form.querySelector("button"), out = by("answer");
    const values = Object.fromEntries(new FormData(form));
    const trigger = { events: Number(values.events) };
    for (const name of ["scenario", "brand", "city"]) if (values[name].trim()) trigger[name] = values[name].trim();
    button.disabled = true;
    out.className = "";
    out.textContent = "Publishing…";
    try {
      const response = await fetch("/invoke/" + encodeURIComponent(values.function), { method: "POST", body: JSON.stringify(trigger) });
      answer(out, response.ok, await response.json());
    } catch (error) {
      answer(out, false, { errorType: "No answer", errorMessage: "the program does not answer; is it still running?" });
    } finally {
      button.disabled = false;
    }
  });

  function answer(out, ok, a) {
    const n = (x) => Number(x).toLocaleString("en-US");
    const strong = document.createElement("b");
    out.className = ok ? "" : "failed";
    if (ok) {
      strong.textContent = n(a.events) + " events published";
      out.replaceChildren(strong, ` in ${n(a.milliseconds)} ms: burst ${a.burst_id}, ${n(a.completed)} completed, ${n(a.failed)} failed, ` +
        `$${n(Math.round(a.revenue))} of revenue, ${n(a.retries)} retries.`);
    } else {
      strong.textContent = a.errorType;
      out.replaceChildren(strong, ": " + a.errorMessage);
    }
  }

  // A chart is drawn as wide as its place: ask again when that has changed.
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(connect, 250); });
  connect();
});
