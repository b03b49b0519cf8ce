// The grid itself: where each clip stands, the bar with the controls, the keyboard, and what the kernel tells.

const AT_ONCE = 12; // clips that are decoded at once

class Grid {
  constructor(model, el) {
    Object.assign(this, { model, el, hovered: null, pinned: null, current: 0, asked: new Set(), seen: new Set() });
    this.tiles = [];
    this.transport = new Transport(1, () => this.bar.draw());
    this.problem = make("div", { className: "ltxv-g-problem", role: "alert" });
    this.said = make("div", { className: "ltxv-g-hidden", role: "status" });
    this.body = make("div", { className: "ltxv-g-body" });
    this.head = this.makeHead();
    const announce = (words) => this.announce(words);
    this.bar = new Bar(this.transport, { step: (frames) => this.step(frames), hear: () => this.hear(), announce });
    this.lightbox = new Lightbox(this);
    this.blind = new Blind(this);
    this.keyboard = new Keyboard(this);
    this.element = make(
      "div",
      { className: "ltxv-g tex2jax_ignore mathjax_ignore" },
      this.head,
      this.bar.element,
      this.problem,
      this.body,
      this.blind.element,
      this.lightbox.dialog,
      this.keyboard.dialog,
      this.said,
    );
    this.watcher = new IntersectionObserver((entries) => this.scrolled(entries), { rootMargin: "80px" });
    el.append(this.element);
    this.take();
  }

  // -- building

  makeHead() {
    this.title = make("div", { className: "ltxv-g-title", dir: "auto", role: "heading", "aria-level": "3" });
    this.swapButton = iconButton("swap", "Swap rows and columns (t)", () => this.swap());
    this.blindButton = wordButton("Blind comparison", "Two at a time without labels, for a ranking (b)", () => this.blind.begin());
    this.keysButton = wordButton("?", "Keys (?)", () => this.keyboard.show(), "ltxv-g-button ltxv-g-step");
    this.keysButton.setAttribute("aria-label", "Keys");
    return make("div", { className: "ltxv-g-top" }, this.title, this.blindButton, this.swapButton, this.keysButton);
  }

  /** Take what the kernel says of the clips. */
  take() {
    const acts = {
      choose: (tile) => (this.focus(tile), this.transport.toggle()),
      enlarge: (tile) => (this.focus(tile), this.lightbox.show(tile)),
      hear: (tile) => this.pin(tile),
      rate: (tile, stars) => this.rate(tile, stars),
      reject: (tile) => this.reject(tile),
    };
    this.title.textContent = this.model.get("title");
    const about = this.model.get("tiles");
    about.forEach((one, number) => {
      if (this.tiles[number]) this.tiles[number].show(one);
      else this.tiles.push(new Tile(number, one, acts));
    });
    this.transport.length = Math.max(0.1, ...about.map((one) => one.duration ?? 0));
    this.fps = Math.max(1, ...about.map((one) => one.fps ?? 0));
    this.bar.playButton.disabled = !this.tiles.some((tile) => tile.playable);
    const aspect = usualAspect(about);
    this.element.style.setProperty("--ltxv-aspect", aspect);
    for (const { element, about: one } of this.tiles)
      element.classList.toggle("ltxv-g-boxed", !!one.width && Math.abs(one.width / one.height - aspect) > 0.01);
    this.paint();
    this.arrange();
    this.bar.draw();
  }

  /** Show stars and tags. */
  paint() {
    const ratings = this.model.get("ratings");
    for (const tile of this.tiles) tile.paint(ratings[tile.number] ?? null);
    this.lightbox.paint();
    this.blindButton.hidden = !this.model.get("can_vote");
  }

  // -- where the clips stand

  get table() {
    return this.model.get("rows").length + this.model.get("columns").length > 0;
  }

  arrange() {
    const table = this.table;
    const focused = this.body.contains(document.activeElement); // what is moved in the page loses the focus
    this.swapButton.hidden = !table;
    this.element.style.setProperty("--ltxv-across", table ? 1 : this.model.get("across"));
    this.body.classList.toggle("ltxv-g-table", table);
    this.body.setAttribute("role", table ? "grid" : "list");
    this.body.setAttribute("aria-label", this.model.get("title"));
    for (const tile of this.tiles) {
      tile.element.setAttribute("role", table ? "gridcell" : "listitem");
      tile.label.hidden = table;
    }
    if (table) this.arrangeTable();
    else this.body.replaceChildren(...this.tiles.map((tile) => tile.element));
    for (const tile of this.tiles) this.watcher.observe(tile.element);
    this.setCurrent(this.current);
    if (focused) this.focus(this.tiles[this.current]);
  }

  arrangeTable() {
    const [rows, columns] = ["rows", "columns"].map((side) => this.model.get(side));
    const values = Object.fromEntries(this.model.get("axes").map((axis) => [axis.name, axis.values]));
    const key = (names, of) => JSON.stringify(names.map((name) => of[name] ?? ""));
    const tiles = new Map(this.tiles.map((tile) => [key(rows, tile.about.values) + key(columns, tile.about.values), tile]));
    const has = (side, names, place) => this.tiles.some((tile) => key(names, tile.about.values) === key(names, place));
    const across = places(columns, values).filter((place) => has("columns", columns, place));
    const down = places(rows, values).filter((place) => has("rows", rows, place));
    const named = rows.length > 0;
    const row = (...cells) => make("div", { className: "ltxv-g-row", role: "row" }, ...cells);
    const header = (role, className, names, place) =>
      make("div", { className, role, dir: "auto", title: names.join(" · ") }, label(names, place));
    const unseen = make("span", { className: "ltxv-g-hidden" }, rows.join(" · "));
    const corner = make("div", { className: "ltxv-g-corner", role: "columnheader" }, unseen);
    const gap = () => make("div", { className: "ltxv-g-gap", role: "gridcell" });
    const top = row(named ? corner : null, ...across.map((place) => header("columnheader", "ltxv-g-column", columns, place)));
    this.body.style.setProperty("--ltxv-columns", across.length);
    this.body.classList.toggle("ltxv-g-named", named);
    const lines = down.map((place) =>
      row(
        named ? header("rowheader", "ltxv-g-rowname", rows, place) : null,
        ...across.map((beside) => tiles.get(key(rows, place) + key(columns, beside))?.element ?? gap()),
      ),
    );
    this.body.replaceChildren(...(columns.length ? [top] : []), ...lines);
  }

  swap() {
    if (!this.table) return;
    const [rows, columns] = [this.model.get("rows"), this.model.get("columns")];
    this.model.set({ rows: columns, columns: rows });
    this.model.save_changes();
    this.announce("Rows and columns swapped");
  }

  /** Return the tiles in the order in which they are read. */
  order() {
    return [...this.body.querySelectorAll(".ltxv-g-tile")].map((element) => this.tiles[element.dataset.tile]);
  }

  // -- which clips are loaded

  scrolled(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.tiles[target.dataset.tile];
      if (isIntersecting) this.seen.add(tile);
      else this.seen.delete(tile);
    }
    this.refresh();
  }

  /** Load what is seen, as far as a page can decode it; what is large or compared comes first. */
  refresh() {
    const alone = this.lightbox.open || this.blind.open;
    const seen = this.order().filter((tile) => tile.playable && this.seen.has(tile));
    const active = new Set(this.blind.open ? [] : seen.slice(0, AT_ONCE));
    for (const tile of this.tiles) {
      const on = active.has(tile);
      if (!on || alone) this.transport.remove(tile.video);
      if (!(alone && tile.active)) tile.activate(on);
      if (on && !tile.source) this.fetch(tile);
      if (on && !alone) this.transport.add(tile.video);
    }
    this.hear();
  }

  /** Ask the kernel for a clip that the page cannot fetch. */
  fetch(tile) {
    if (!tile.about.sent || this.asked.has(tile.number)) return;
    this.asked.add(tile.number);
    this.send({ kind: "clip", tile: tile.number });
  }

  /** Take the addresses and pictures that the notebook's renderer has found. */
  look(plain) {
    for (const place of plain.querySelectorAll("[data-tile]")) {
      const video = place.querySelector("video");
      const tile = this.tiles[place.dataset.tile];
      if (!video || !tile) continue;
      const source = video.getAttribute("src") || "";
      const absolute = /^(https?:|blob:|data:video|\/)/.test(source);
      if (source && !absolute) this.later ??= setTimeout(() => this.lookAgain(plain), 2000);
      this.give(tile, absolute ? source : "", video.getAttribute("poster") ?? "");
    }
  }

  /** Where nobody looks addresses up, the browser does, from the page's own. */
  lookAgain(plain) {
    for (const place of plain.querySelectorAll("[data-tile]")) {
      const tile = this.tiles[place.dataset.tile];
      const video = place.querySelector("video[src]");
      if (tile && video?.getAttribute("src")) this.give(tile, video.src, "");
    }
  }

  give(tile, source, poster) {
    const known = tile.source.replace(/[?&]\d+$/, ""); // the notebook adds the time at which it looked
    tile.found(source.replace(/[?&]\d+$/, "") === known ? tile.source : source, poster);
    if (source) this.lightbox.tile === tile && this.lightbox.found();
    if (source) this.blind.found();
  }

  // -- time and sound

  /** Go so many frames on, of the clip that has the focus. */
  step(frames) {
    const tile = this.lightbox.tile ?? this.tiles[this.current];
    this.transport.step(frames, tile?.about.fps || this.fps);
  }

  pin(tile) {
    this.pinned = this.pinned === tile ? null : tile;
    if (this.pinned) this.bar.setSilent(false);
    this.hear();
  }

  /** Let one clip be heard: the large one, else the chosen one, else the one under the pointer. */
  hear() {
    const large = this.lightbox.tile;
    const small = this.pinned ?? this.hovered;
    const heard = this.bar.silent ? null : large ? this.lightbox.video : (small?.video ?? null);
    if (!this.blind.open) this.transport.hear(heard);
    for (const tile of this.tiles) {
      const audible = !this.bar.silent && !large && !!tile.about.sound;
      tile.sounding(audible && tile === small, tile === this.pinned);
    }
  }

  // -- stars and tags

  send(message) {
    this.problem.textContent = "";
    this.model.send(message);
  }

  change(tile, change, words) {
    if (!tile.rated) return this.say("This clip comes from no job of the journal, so it cannot be rated.");
    tile.paint({ ...tile.rating, ...change });
    this.lightbox.paint();
    this.send({ kind: "rate", tile: tile.number, ...change });
    this.announce(`${tile.about.label}: ${words}`);
  }

  rate(tile, stars) {
    this.change(tile, { stars }, stars ? starWords(stars) : "no stars");
  }

  reject(tile) {
    const rejected = !tile.rating?.rejected;
    this.change(tile, { rejected }, rejected ? "rejected" : "not rejected");
  }

  /** Let tags be written, below the clip. */
  writeTags(tile) {
    if (!tile.rated) return this.change(tile);
    const about = { type: "text", className: "ltxv-g-tags", placeholder: "tags, with commas" };
    const value = tile.rating.tags.join(", ");
    const input = make("input", { ...about, value, "aria-label": `Tags of ${tile.about.label}` });
    let ended = false; // removing it takes the focus away, which ends it, too
    const done = (save) => {
      if (ended) return;
      ended = true;
      const tags = [...new Set(input.value.split(",").map((tag) => tag.trim()).filter(Boolean))];
      const back = document.activeElement === input;
      input.remove();
      const changed = tags.join() !== tile.rating.tags.join();
      if (save && changed) this.change(tile, { tags }, tags.length ? `tags ${tags.join(", ")}` : "no tags");
      if (back) this.focus(tile);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        done(event.key === "Enter");
      }
    });
    input.addEventListener("blur", () => done(true));
    (this.lightbox.open ? this.lightbox.stars : tile.foot).append(input);
    input.focus();
  }

  say(words) {
    this.problem.textContent = words;
  }

  announce(words) {
    this.said.textContent = words;
  }

  // -- the focus

  setCurrent(number) {
    this.current = Math.min(number, this.tiles.length - 1);
    for (const tile of this.tiles) tile.element.tabIndex = tile.number === this.current ? 0 : -1;
  }

  focus(tile) {
    if (!tile) return;
    this.setCurrent(tile.number);
    tile.element.focus();
  }

  // -- listening

  listen(root) {
    const plain = root.querySelector(".ltxv-grid-plain");
    const addresses = new MutationObserver(() => this.look(plain));
    addresses.observe(plain, { childList: true, subtree: true, attributes: true, attributeFilter: ["src", "poster"] });
    this.look(plain);
    root.dataset.ltxvReady = "yes";
    this.model.send({ kind: "ready" });
    if (this.model.get("blind")) {
      this.model.set("blind", false);
      this.model.save_changes();
      this.blind.begin();
    }
    const deaf = this.keyboard.listen();
    const over = (event) => {
      const element = event.target.closest?.(".ltxv-g-tile");
      const tile = element && event.type === "pointerover" ? this.tiles[element.dataset.tile] : null;
      if (event.pointerType === "mouse" && tile !== this.hovered) (this.hovered = tile), this.hear();
    };
    this.body.addEventListener("pointerover", over);
    this.body.addEventListener("pointerleave", over);
    this.body.addEventListener("focusin", (event) => {
      const element = event.target.closest(".ltxv-g-tile");
      if (element) this.setCurrent(Number(element.dataset.tile));
    });
    const told = (message, buffers) => this.told(message, buffers);
    this.model.on("msg:custom", told);
    const heard = {
      "change:tiles": () => (this.take(), this.refresh()),
      "change:ratings": () => this.paint(),
      "change:can_vote": () => this.paint(),
      "change:rows": () => this.arrange(),
      "change:columns": () => this.arrange(),
    };
    for (const [name, act] of Object.entries(heard)) this.model.on(name, act);
    return () => {
      addresses.disconnect();
      this.watcher.disconnect();
      clearTimeout(this.later);
      deaf();
      this.model.off("msg:custom", told);
      for (const [name, act] of Object.entries(heard)) this.model.off(name, act);
      this.transport.pause();
    };
  }

  told(message, buffers) {
    if (message.kind === "clip") {
      const tile = this.tiles[message.tile];
      if (message.problem) return tile.say(message.problem);
      this.give(tile, URL.createObjectURL(new Blob([buffers[0]], { type: "video/mp4" })), "");
    } else if (message.kind === "pair") this.blind.show(message);
    else if (message.kind === "ranking") this.blind.showRanking(message);
    else if (message.kind === "problem") this.say(message.words);
  }
}

/** Return every combination of the values on these axes. */
function places(names, values) {
  const extended = (found, name) =>
    found.flatMap((place) => values[name].map((value) => ({ ...place, [name]: value })));
  return names.reduce(extended, [{}]);
}

const label = (names, place) => names.map((name) => (name === "take" ? `take ${place[name]}` : place[name])).join(" · ");

/** Return the shape that most clips have: all of them get a frame of that shape. */
function usualAspect(about) {
  const counted = new Map();
  for (const { width, height } of about) if (width) counted.set(width / height, (counted.get(width / height) ?? 0) + 1);
  return [...counted].sort((one, other) => other[1] - one[1])[0]?.[0] ?? 16 / 9;
}

function render({ model, el }) {
  const grid = new Grid(model, el);
  let end = () => {};
  let gone = false;
  const begin = () => {
    if (gone) return;
    const root = el.closest(".ltxv-grid");
    if (!root?.querySelector(".ltxv-grid-plain")) return requestAnimationFrame(begin);
    end = grid.listen(root);
  };
  begin();
  return () => {
    gone = true;
    end();
  };
}

export default { render };
