// Learn: the same chain both ways, played by a small simulation with a seeded dice, so that it is the same each time.

import { byId, make } from "./svg.js";
import { simulate } from "./swarm.js";

const place = byId("play-both");

const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : s < 120 ? `${s.toFixed(0)} s` : s < 7200 ? `${(s / 60).toFixed(1)} min` : `${(s / 3600).toFixed(1)} h`);

class Way {
  constructor(name, lesson, peers) {
    this.name = name;
    this.lesson = lesson;
    this.run = simulate(lesson, peers);
    this.said = byId(`${name}-said`);
    this.cells = [];
    this.draw(byId(`${name}-cells`));
  }

  draw(place) {
    const { nodes, pieces } = this.lesson, side = 12, gap = 2;
    place.setAttribute("viewBox", `0 0 ${pieces * (side + gap)} ${nodes * (side + gap)}`);
    for (let n = 0; n < nodes; n++) {
      for (let p = 0; p < pieces; p++) {
        place.append(make("rect", { class: "cell", x: p * (side + gap), y: n * (side + gap), width: side, height: side, rx: 1 }));
        const fill = make("rect", { visibility: "hidden", rx: 1 });
        place.append(fill);
        this.cells.push({ fill, x: p * (side + gap), y: n * (side + gap), shown: false, arrival: this.run.got[n][p] });
      }
    }
    for (const c of this.cells) {
      const inset = c.arrival.from < 0 ? 0 : 3;
      for (const [k, v] of Object.entries({ class: c.arrival.from < 0 ? "cell seed" : "cell peer", x: c.x + inset, y: c.y + inset, width: side - 2 * inset, height: side - 2 * inset })) c.fill.setAttribute(k, v);
    }
  }

  at(time) {
    let have = 0, copies = 0;
    for (const c of this.cells) {
      const there = c.arrival.at <= time;
      if (there) have++;
      if (there && c.arrival.from < 0) copies++;
      if (there !== c.shown) {
        c.fill.setAttribute("visibility", there ? "visible" : "hidden");
        c.shown = there;
      }
    }
    const share = Math.floor(100 * have / this.cells.length);
    this.said.textContent = `${share} %, the seed has sent ${(copies / this.lesson.pieces).toFixed(1)} copies${share === 100 ? `, done after ${seconds(this.run.last)}` : ""}`;
  }

  // curve is the share of all pieces that have arrived, as points.
  curve(x, y) {
    const times = this.cells.map((c) => c.arrival.at).sort((a, b) => a - b);
    return `M${x(0)} ${y(0)}` + times.map((t, i) => `L${x(t).toFixed(1)} ${y((i + 1) / times.length).toFixed(1)}`).join("");
  }
}

class Play {
  constructor(lesson) {
    this.lesson = lesson;
    this.server = new Way("server", lesson, false);
    this.peers = new Way("peers", lesson, true);
    this.end = Math.max(this.server.run.last, this.peers.run.last);
    this.curves();
    place.hidden = false;
    byId("run").addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    byId("time").addEventListener("input", (e) => {
      this.stop();
      this.at(this.end * e.target.value / 1000);
    });
    this.at(0);
  }

  curves() {
    const place = byId("curves"), small = window.matchMedia("(max-width: 40rem)").matches, wide = small ? 400 : 800; // letters keep their size
    const [left, right, top, bottom] = [46, wide - 20, 16, 220], ticks = small ? 2 : 4, b = this.lesson.bounds;
    const x = (t) => left + (right - left) * t / this.end, y = (share) => bottom - (bottom - top) * share;
    place.setAttribute("viewBox", `0 0 ${wide} 260`);
    for (const share of [0, 0.5, 1]) {
      place.append(make("line", { class: "grid", x1: left, x2: right, y1: y(share), y2: y(share) }));
      place.append(make("text", { class: "axis end", x: left - 6, y: y(share) + 4 }, `${share * 100} %`));
    }
    for (let i = 0; i <= ticks; i++) place.append(make("text", { class: "axis", x: x(this.end * i / ticks), y: bottom + 20 }, seconds(this.end * i / ticks)));
    for (const [name, words] of [["server", "bound of client and server"], ["peers", "bound of peers"]]) {
      const at = x(Math.min(b[name], this.end));
      place.append(make("line", { class: `bound ${name}`, x1: at, x2: at, y1: top, y2: bottom }));
      place.append(make("text", { class: `axis ${at > wide * 0.6 ? "end" : "begin"}`, x: at + (at > wide * 0.6 ? -5 : 5), y: name === "server" ? bottom - 8 : y(0.62) }, words));
    }
    place.append(make("path", { class: "curve server", d: this.server.curve(x, y) }), make("path", { class: "curve peers", d: this.peers.curve(x, y) }));
    this.hand = make("line", { class: "hand", y1: top, y2: bottom });
    place.append(this.hand);
    this.x = x;
  }

  at(time) {
    byId("clock").textContent = seconds(time);
    this.server.at(time);
    this.peers.at(time);
    for (const k of ["x1", "x2"]) this.hand.setAttribute(k, this.x(time));
  }

  start() {
    const run = this.playing = {}, took = 1000 * byId("speed").value, began = performance.now();
    byId("run").textContent = "Stop";
    byId("learned").textContent = "It plays.";
    const frame = () => {
      if (this.playing !== run) return;
      const share = Math.min(1, (performance.now() - began) / took);
      byId("time").value = Math.round(1000 * share);
      this.at(this.end * share);
      if (share < 1) requestAnimationFrame(frame);
      else this.done();
    };
    frame();
  }

  stop() {
    this.playing = null;
    byId("run").textContent = "Play";
  }

  done() {
    this.stop();
    const b = this.lesson.bounds, s = this.server.run, p = this.peers.run;
    byId("learned").textContent = `As clients the last one had all after ${seconds(s.last)} (bound ${seconds(b.server)}), and the seed had sent ${s.copies.toFixed(1)} copies; as peers after ${seconds(p.last)} (bound ${seconds(b.peers)}), and it had sent ${p.copies.toFixed(1)}.`;
  }
}

if (place) new Play(JSON.parse(place.dataset.lesson));
