// One clip at a time, large, at the same moment as in the grid: the arrow keys lead to its neighbours.

class Lightbox {
  /** `grid` gives the tiles, the transport and the bar with its controls, which moves in here meanwhile. */
  constructor(grid) {
    this.grid = grid;
    this.tile = null;
    this.video = make("video", { playsInline: true, preload: "auto", tabIndex: -1 });
    this.stage = make("div", { className: "ltxv-g-stage", tabIndex: -1 }, this.video);
    this.where = make("span", { className: "ltxv-g-where", role: "status" });
    this.title = make("div", { className: "ltxv-g-large-title", dir: "auto" });
    this.prompt = make("div", { className: "ltxv-g-prompt", dir: "auto" });
    this.facts = make("div", { className: "ltxv-g-facts" });
    this.stars = make("div", { className: "ltxv-g-stars" });
    this.bar = make("div", { className: "ltxv-g-place" });
    const step = (by, words, text) => wordButton(text, words, () => this.go(by), "ltxv-g-button ltxv-g-step");
    this.previous = step(-1, "The clip before (left arrow)", "‹");
    this.following = step(1, "The next clip (right arrow)", "›");
    for (const [button, words] of [[this.previous, "The clip before"], [this.following, "The next clip"]])
      button.setAttribute("aria-label", words);
    const close = iconButton("cross", "Close (Esc)", () => this.dialog.close());
    this.dialog = make(
      "dialog",
      { className: "ltxv-g-dialog ltxv-g-large", "aria-label": "Enlarged clip" },
      make("div", { className: "ltxv-g-top" }, this.title, this.where, this.previous, this.following, close),
      this.stage,
      this.bar,
      make("div", { className: "ltxv-g-about" }, this.stars, this.facts, this.prompt),
    );
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.video.addEventListener("click", () => grid.transport.toggle());
  }

  get open() {
    return this.dialog.open;
  }

  show(tile) {
    if (!tile.playable) return;
    const { transport } = this.grid;
    const first = !this.open;
    if (this.tile !== tile) transport.remove(this.video);
    this.tile = tile;
    if (first) {
      this.bar.append(this.grid.bar.element);
      this.dialog.showModal();
      this.grid.refresh();
    }
    this.video.poster = tile.video.poster;
    this.found();
    this.title.textContent = tile.about.label;
    this.prompt.textContent = tile.about.prompt === tile.about.label ? "" : tile.about.prompt;
    this.facts.replaceChildren(...tile.about.facts.map((fact) => make("span", {}, fact)));
    this.paint();
    const all = this.grid.order().filter((one) => one.playable);
    const at = all.indexOf(tile);
    this.where.textContent = `${at + 1} of ${all.length}`;
    this.previous.disabled = at === 0;
    this.following.disabled = at === all.length - 1;
    this.grid.hear();
    // A button that was just disabled has lost the focus, and with it the keys.
    if (first || !this.dialog.contains(document.activeElement) || document.activeElement.disabled) this.stage.focus();
  }

  /** Take the clip's address, which may come later. */
  found() {
    if (!this.tile) return;
    if (!this.tile.source) this.grid.fetch(this.tile);
    else if (this.video.getAttribute("src") !== this.tile.source) this.video.src = this.tile.source;
    if (this.tile.source) this.grid.transport.add(this.video);
  }

  paint() {
    if (!this.tile) return;
    const stars = this.tile.rating?.stars ?? 0;
    this.stars.replaceChildren(
      ...(this.tile.rated ? starButtons(stars, (given) => this.grid.rate(this.tile, given), 0) : []),
      ...[...this.tile.marks.querySelectorAll(".ltxv-g-mark")].map((mark) => mark.cloneNode(true)),
    );
  }

  go(by) {
    const all = this.grid.order().filter((one) => one.playable);
    const next = all[all.indexOf(this.tile) + by];
    if (next) this.show(next);
  }

  closed() {
    const { grid, tile } = this;
    grid.transport.remove(this.video);
    this.video.removeAttribute("src");
    this.video.load();
    this.tile = null;
    grid.head.after(grid.bar.element);
    grid.refresh();
    grid.focus(tile);
  }
}
