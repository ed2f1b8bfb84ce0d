// The panels are drawn on the server; this script says what to draw, puts each update in
// its place, and sends the forms. It runs before the body is there, so that the theme is
// right from the start.
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
  const dashboard = document.body.dataset.dashboard;
  const bodies = [...document.querySelectorAll(".body")];
  const variables = [...document.querySelectorAll(".variable")];

  by("origin").textContent = location.host;
  by("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    kept.set(root.dataset.theme);
  });

  // What the reader has chosen stands in the page's address.
  const chosen = new URLSearchParams(location.search);
  if ([...by("range").options].some((o) => o.value === chosen.get("range"))) by("range").value = chosen.get("range");
  const values = Object.fromEntries(variables.map((v) => [v.dataset.name, new Set(chosen.getAll(v.dataset.name))]));

  function choose() {
    const query = new URLSearchParams();
    if (by("range").value !== by("range").dataset.default) query.set("range", by("range").value);
    for (const [name, set] of Object.entries(values)) for (const value of set) query.append(name, value);
    history.replaceState(null, "", query.size ? "?" + query : location.pathname);
    for (const link of document.querySelectorAll("nav a")) link.search = query;
    for (const v of variables) {
      const set = [...values[v.dataset.name]];
      v.querySelector("b").textContent = set.length === 0 ? "All" : set.length <= 2 ? set.join(", ") : set.length + " chosen";
      v.classList.toggle("chosen", set.length > 0);
    }
    document.querySelector("main").classList.add("waiting");
    connect();
  }
  by("range").addEventListener("change", choose);
  by("view").addEventListener("submit", (e) => e.preventDefault());
  for (const v of variables) {
    const name = v.dataset.name;
    v.querySelector(".all").addEventListener("click", () => {
      values[name].clear();
      for (const box of v.querySelectorAll("input")) box.checked = false;
      choose();
    });
    v.addEventListener("change", (e) => {
      if (e.target.checked) values[name].add(e.target.value); else values[name].delete(e.target.value);
      choose();
    });
  }
  const popups = [...variables, ...document.querySelectorAll(".popup")];
  document.addEventListener("click", (e) => {
    for (const p of popups) if (p.open && !p.contains(e.target)) p.open = false;
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    for (const p of popups) if (p.open) { p.open = false; p.querySelector("summary").focus(); }
    if (document.activeElement?.classList.contains("about")) document.activeElement.blur();
  });

  function offer(all) {
    for (const v of variables) {
      const name = v.dataset.name, list = v.querySelector(".values");
      const offered = [...new Set([...(all[name] || []), ...values[name]])].sort();
      if (list.dataset.offered === JSON.stringify(offered)) continue;
      list.dataset.offered = JSON.stringify(offered);
      list.replaceChildren(...offered.map((value) => {
        const label = document.createElement("label");
        label.append(Object.assign(document.createElement("input"), { type: "checkbox", value, checked: values[name].has(value) }), " " + value);
        return label;
      }));
    }
  }

  // Updates.
  let source, asked = "";

  function connect() {
    const query = new URLSearchParams({ range: by("range").value });
    for (const [name, set] of Object.entries(values)) for (const value of set) query.append(name, value);
    for (const b of bodies) query.append("size", `${b.dataset.id}:${Math.floor(b.clientWidth)}x${Math.floor(b.clientHeight)}`);
    if (source && asked === query.toString()) return;
    if (source) source.close();
    asked = query.toString();
    source = new EventSource("/events/" + dashboard + "?" + asked);
    source.onmessage = (e) => show(JSON.parse(e.data));
    source.onerror = () => {
      mode("connection lost", "off");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { asked = ""; connect(); }, 2000);
    };
  }

  function mode(text, state) {
    set("mode", text);
    by("mode").dataset.state = state;
  }

  function show(u) {
    if (u.head) {
      mode(u.head.mode, "on");
      set("time", u.head.time);
      set("date", u.head.date + ", UTC");
      set("span", u.head.range);
      set("notice", u.head.notice || "");
      by("loading").hidden = !u.head.loading;
      if (u.head.loading) {
        by("loading-bar").value = u.head.loading.percent;
        set("loading-text", u.head.loading.text);
      }
    }
    if (u.values) offer(u.values);
    if (u.incidents) {
      const focused = document.activeElement?.id;
      set("planned-label", u.incidents.label);
      by("planned").innerHTML = u.incidents.html;
      if (focused?.startsWith("end-")) focusEnd(focused);
    }
    for (const [id, panel] of Object.entries(u.panels || {})) {
      const e = by("body-" + id);
      const before = new Set([...e.querySelectorAll("tbody tr")].map((r) => r.textContent));
      e.setAttribute("aria-label", panel.label);
      e.innerHTML = panel.html;
      const fresh = [...e.querySelectorAll("tbody tr")].filter((r) => !before.has(r.textContent));
      if (before.size && fresh.length <= before.size / 2) for (const r of fresh) r.classList.add("fresh");
    }
    if (u.panels) document.querySelector("main").classList.remove("waiting");
  }

  // A form shows what the scenario takes, and nothing else.
  for (const list of document.querySelectorAll("[name=scenario]")) {
    const { form } = list;
    const fit = () => {
      const { takes = "", summary = "" } = list.selectedOptions[0].dataset;
      form.querySelector(".summary").textContent = summary;
      for (const label of form.querySelectorAll("[data-about]")) {
        label.hidden = label.querySelector("input").disabled = !takes.split(" ").includes(label.dataset.about);
      }
    };
    list.addEventListener("change", fit);
    fit();
  }

  // send asks the program for something and says beside the form what came of it.
  async function send(out, button, said, url, options) {
    const form = button.form;
    for (const field of form?.elements || []) field.removeAttribute("aria-invalid");
    button.disabled = true;
    out.className = "";
    out.textContent = "…";
    let ok = false, a = { errorType: "No answer", errorMessage: "the program does not answer; is it still running?" };
    try {
      const response = await fetch(url, options);
      a = await response.json();
      ok = response.ok;
    } catch { /* no answer */ }
    button.disabled = false;
    const wrong = !ok && form?.elements[(a.path || "").split(".").pop()];
    if (wrong) wrong.setAttribute("aria-invalid", "true");
    if (wrong) wrong.focus();
    else if (document.activeElement === document.body) button.isConnected ? button.focus() : focusEnd(button.id);
    const strong = document.createElement("b");
    const [first, rest] = ok ? said(a) : [a.errorType, ": " + a.errorMessage];
    strong.textContent = first;
    out.className = ok ? "" : "failed";
    out.replaceChildren(strong, rest);
    return ok;
  }

  // focusEnd keeps the keyboard where it was in a list that is drawn anew.
  function focusEnd(id) {
    (by(id) || by("planned").querySelector("button") || by("incident").elements.scenario).focus();
  }

  const planned = (a) => [a.message, ""];
  const submits = (id, does) => by(id).addEventListener("submit", (e) => {
    e.preventDefault();
    does(e.target, e.submitter || e.target.querySelector("[type=submit]"));
  });

  submits("spike", (form, button) => {
    const filled = [...new FormData(form)].map(([k, v]) => [k, v.trim()]).filter(([, v]) => v);
    const { function: name, events, scenario, severity, "only-brand": brand, "only-city": city, ...about } = Object.fromEntries(filled);
    const order = { events: Number(events), brand, city };
    if (scenario) order.incidents = [{ scenario, severity: severity && Number(severity), ...about }];
    const n = (x) => Number(x).toLocaleString("en-US");
    send(by("answer"), button, (a) => [n(a.events) + " events published", ` in ${n(a.milliseconds)} ms: burst ${a.burst_id}, ` +
      `${n(a.completed)} completed, ${n(a.failed)} failed, $${n(Math.round(a.revenue))} of revenue, ${n(a.retries)} retries.`],
      "/invoke/" + encodeURIComponent(name), { method: "POST", body: JSON.stringify(order) });
  });
  submits("incident", (form, button) =>
    send(by("incident-answer"), button, planned, "/incidents", { method: "POST", body: new URLSearchParams(new FormData(form)) }));
  submits("plan", (form, button) =>
    send(by("plan-answer"), button, planned, "/incidents", { method: "PUT", body: form.elements.plan.value }));
  by("plan-file").addEventListener("change", async (e) => {
    if (e.target.files[0]) by("plan").elements.plan.value = await e.target.files[0].text();
  });
  by("planned").addEventListener("click", (e) => {
    const id = e.target.dataset.end;
    if (id) send(by("incident-answer"), e.target, planned, "/incidents/" + encodeURIComponent(id), { method: "DELETE" });
  });

  // A panel is drawn as large as its place: ask again when that has changed.
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(connect, 250); });
  choose();
});
