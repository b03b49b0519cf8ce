// A blind comparison: two clips at a time without their labels, until there are votes enough for a ranking.

class Blind {
  constructor(grid) {
    this.grid = grid;
    this.pair = null; // the two tiles, left and right
    this.more = false; // whether more votes are given than were asked for
    const about = { muted: true, playsInline: true, preload: "auto", tabIndex: -1 };
    this.videos = ["Left", "Right"].map((side) => make("video", { ...about, "aria-label": side }));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.heading = make("div", { className: "ltxv-g-large-title", role: "heading", "aria-level": "3" });
    this.meter = make("progress", { max: 1, value: 0, "aria-label": "Comparisons made" });
    this.bar = make("div", { className: "ltxv-g-place" });
    const side = (at, words, key) => {
      const button = wordButton(words, `${words} (${key})`, () => this.vote(at), "ltxv-g-button ltxv-g-main");
      const box = make("div", { className: "ltxv-g-side" }, this.videos[at], button);
      box.addEventListener("pointerenter", () => this.hear(at));
      box.addEventListener("pointerleave", () => this.hear(-1));
      return box;
    };
    this.skipButton = wordButton("No difference", "Neither is better (0)", () => this.skip());
    this.endButton = wordButton("Show the ranking", "End here, and show the ranking (Enter)", () => this.rank());
    this.sides = make("div", { className: "ltxv-g-sides" }, side(0, "Left is better", "←"), side(1, "Right is better", "→"));
    this.choices = make("div", { className: "ltxv-g-choices" }, this.skipButton, this.endButton);
    this.ranking = make("div", { className: "ltxv-g-ranking" });
    const back = wordButton("Back to the grid", "Back to the grid (Esc)", () => this.close());
    this.element = make(
      "section",
      { className: "ltxv-g-blind", "aria-label": "Blind comparison", hidden: true, tabIndex: -1 },
      make("div", { className: "ltxv-g-top" }, this.heading, this.meter, back),
      this.bar,
      this.sides,
      this.choices,
      this.ranking,
    );
  }

  get open() {
    return !this.element.hidden;
  }

  begin(more = false) {
    this.more = more;
    this.grid.transport.pause();
    if (!this.open) {
      this.element.hidden = false;
      this.grid.element.classList.add("ltxv-g-comparing");
      this.bar.append(this.grid.bar.element);
      this.grid.refresh();
    }
    this.grid.send({ kind: "blind", more });
    this.element.focus({ preventScroll: true });
  }

  close() {
    if (!this.open) return;
    this.leave();
    this.element.hidden = true;
    this.grid.element.classList.remove("ltxv-g-comparing");
    this.grid.head.after(this.grid.bar.element);
    this.grid.refresh();
    this.grid.blindButton.focus();
  }

  leave() {
    this.pair = null;
    this.grid.transport.pause();
    for (const video of this.videos) {
      this.grid.transport.remove(video);
      video.removeAttribute("src");
      video.load();
    }
  }

  /** Show two clips, from their beginning. */
  show({ left, right, number, of }) {
    if (!this.open) return;
    const { tiles } = this.grid;
    this.leave();
    this.pair = [tiles[left], tiles[right]];
    this.heading.textContent = `Which is better? ${number} of ${of}`;
    this.meter.value = (number - 1) / of;
    this.paint(true);
    this.found();
    this.grid.announce(`Pair ${number} of ${of}`);
  }

  paint(comparing) {
    this.sides.hidden = this.choices.hidden = this.meter.hidden = this.bar.hidden = !comparing;
    this.ranking.hidden = comparing;
  }

  found() {
    if (!this.pair) return;
    const { transport } = this.grid;
    let added = false;
    this.pair.forEach((tile, at) => {
      const video = this.videos[at];
      if (!tile.source) return this.grid.fetch(tile);
      if (video.getAttribute("src") === tile.source) return;
      video.src = tile.source;
      transport.add(video);
      added = true;
    });
    if (!added) return;
    transport.seek(0);
    if (!this.still.matches) transport.play();
  }

  hear(at) {
    this.grid.transport.hear(this.grid.bar.silent ? null : (this.videos[at] ?? null));
  }

  vote(at) {
    if (!this.pair) return;
    const [winner, loser] = at === 0 ? this.pair : [...this.pair].reverse();
    this.pair = null; // a second press is no second vote
    this.grid.send({ kind: "vote", winner: winner.number, loser: loser.number, more: this.more });
  }

  skip() {
    if (!this.pair) return;
    const [winner, loser] = this.pair;
    this.pair = null;
    this.grid.send({ kind: "skip", winner: winner.number, loser: loser.number, more: this.more });
  }

  rank() {
    this.grid.send({ kind: "ranking" });
  }

  /** Show the clips, the best first, with their labels. */
  showRanking({ places, words }) {
    if (!this.open) return;
    this.leave();
    this.paint(false);
    this.heading.textContent = "Ranking";
    const list = make("ol", {});
    for (const { tile: number, place, wins, losses } of places) {
      const tile = this.grid.tiles[number];
      list.append(
        make(
          "li",
          {},
          make("span", { className: "ltxv-g-rank" }, `${place}`),
          make("img", { src: tile.video.poster || "data:,", alt: "" }),
          make("span", { className: "ltxv-g-named", dir: "auto" }, tile.about.label),
          make("span", { className: "ltxv-g-score" }, `${wins} won, ${losses} lost`),
        ),
      );
    }
    const more = wordButton("Compare more", "More pairs, for a surer ranking", () => this.begin(true));
    this.ranking.replaceChildren(list, make("p", { className: "ltxv-g-note" }, words), more);
    this.grid.announce(`Ranking: ${places.map(({ tile }) => this.grid.tiles[tile].about.label).join(", ")}`);
    this.element.focus({ preventScroll: true });
  }

  /** Do what a key says; whether it says something here. */
  key(key) {
    if (key === "Escape") this.close();
    else if (key === "ArrowLeft" || key === "1") this.vote(0);
    else if (key === "ArrowRight" || key === "2") this.vote(1);
    else if (key === "0") this.skip();
    else return false;
    return true;
  }
}
