// One clip of a grid: its picture, its label, its stars.

const MOST_STARS = 5;

class Tile {
  /** `acts` is what a click does: enlarge, hear, rate, reject. */
  constructor(number, about, acts) {
    Object.assign(this, { number, about, acts, rating: null, source: "", active: false, pinned: false });
    this.video = make("video", { muted: true, playsInline: true, preload: "none", tabIndex: -1, "aria-hidden": "true" });
    this.video.disableRemotePlayback = true;
    this.words = make("div", { className: "ltxv-g-words" });
    this.picture = make("div", { className: "ltxv-g-picture" }, this.video, this.words, this.tools());
    this.label = make("div", { className: "ltxv-g-label", dir: "auto" });
    this.stars = make("div", { className: "ltxv-g-stars" });
    this.marks = make("div", { className: "ltxv-g-marks" });
    this.foot = make("div", { className: "ltxv-g-foot" }, this.label, this.stars, this.marks);
    this.element = make("div", { className: "ltxv-g-tile", tabIndex: -1, data: { tile: number } }, this.picture, this.foot);
    this.picture.addEventListener("click", (event) => event.target.closest("button") || acts.choose(this));
    this.picture.addEventListener("dblclick", (event) => event.target.closest("button") || acts.enlarge(this));
    this.video.addEventListener("error", () => this.source && this.say("This browser cannot play the file."));
    this.video.addEventListener("loadeddata", () => this.say(""));
    this.show(about);
  }

  tools() {
    const button = (name, words, act) => iconButton(name, words, () => this.acts[act](this), { tabIndex: -1 });
    this.soundButton = button("silent", "Hear this clip (s)", "hear");
    this.enlargeButton = button("enlarge", "Enlarge (Enter)", "enlarge");
    this.rejectButton = button("cross", "Reject (x)", "reject");
    return make("div", { className: "ltxv-g-tools" }, this.soundButton, make("span"), this.rejectButton, this.enlargeButton);
  }

  get playable() {
    return !!this.about.duration;
  }

  get rated() {
    return this.rating !== null;
  }

  /** Show what is known of the clip. */
  show(about) {
    this.about = about;
    this.label.textContent = about.label;
    this.label.title = about.prompt || about.label;
    this.element.classList.toggle("ltxv-g-none", !this.playable);
    this.words.classList.toggle("ltxv-g-bad", !!about.bad);
    this.words.textContent = about.words;
    this.soundButton.hidden = !about.sound;
    this.enlargeButton.hidden = !this.playable;
    this.picture.style.aspectRatio = "";
    this.paint(this.rating);
  }

  say(words) {
    this.words.textContent = words || this.about.words;
    this.element.classList.toggle("ltxv-g-said", !!words);
  }

  /** Take the address that the notebook's renderer has found, and the picture. */
  found(source, poster) {
    if (poster && this.video.poster !== poster) this.video.poster = poster;
    if (source && this.source !== source) {
      this.source = source;
      if (this.active) this.video.src = source;
    }
  }

  /** Load the clip, or let go of it: a page decodes a dozen at once. */
  activate(active) {
    if (active === this.active) return;
    this.active = active;
    if (active) {
      this.video.preload = "auto";
      if (this.source) this.video.src = this.source;
    } else {
      this.video.removeAttribute("src");
      this.video.preload = "none";
      this.video.load();
    }
  }

  /** Show stars, tags and whether it is rejected; null where nothing of it can be kept. */
  paint(rating) {
    this.rating = rating;
    const { stars = 0, tags = [], rejected = false } = rating ?? {};
    this.element.classList.toggle("ltxv-g-rejected", rejected);
    this.rejectButton.hidden = !this.rated;
    this.rejectButton.setAttribute("aria-pressed", rejected);
    const title = rejected ? "Take back (x)" : "Reject (x)";
    this.rejectButton.title = title;
    const rate = (given) => this.acts.rate(this, given);
    this.stars.replaceChildren(...(this.rated && this.playable ? starButtons(stars, rate) : []));
    const marks = [
      rejected ? make("span", { className: "ltxv-g-mark ltxv-g-out" }, "Rejected") : null,
      ...tags.map((tag) => make("span", { className: "ltxv-g-mark", dir: "auto" }, tag)),
      this.about.note ? make("span", { className: "ltxv-g-note" }, this.about.note) : null,
    ].filter(Boolean);
    this.marks.replaceChildren(...marks);
    const said = [
      this.about.label,
      this.about.words,
      this.about.note,
      stars ? starWords(stars) : "",
      tags.length ? `tags ${tags.join(", ")}` : "",
      rejected ? "rejected" : "",
      this.pinned ? "heard" : "",
    ];
    this.element.setAttribute("aria-label", said.filter(Boolean).join(", "));
  }

  /** Show whether it is the one that is heard, and whether it was chosen to be. */
  sounding(heard, pinned) {
    const changed = this.pinned !== pinned;
    this.pinned = pinned;
    this.element.classList.toggle("ltxv-g-heard", heard);
    relabel(this.soundButton, heard ? "sound" : "silent", pinned ? "Hear the one under the pointer (s)" : "Hear this clip (s)");
    this.soundButton.setAttribute("aria-pressed", pinned);
    if (changed) this.paint(this.rating);
  }
}

/** Return five buttons; a click on the stars that are given takes them away. */
function starButtons(stars, rate, tabIndex = -1) {
  return Array.from({ length: MOST_STARS }, (_, at) => {
    const given = at + 1;
    const about = { type: "button", tabIndex, title: `${starWords(given)} (${given})` };
    const button = make("button", about, given <= stars ? "★" : "☆");
    button.classList.toggle("ltxv-g-on", given <= stars);
    button.setAttribute("aria-label", starWords(given));
    button.setAttribute("aria-pressed", given === stars);
    button.addEventListener("click", () => rate(given === stars ? 0 : given));
    return button;
  });
}
