// The bar with the controls of all clips at once. It stands above the grid, and moves to where clips are shown alone.

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

class Bar {
  /** `step` goes so many frames on; `hear` is called when the sound is turned off or on; `announce` says a word. */
  constructor(transport, { step, hear, announce }) {
    Object.assign(this, { transport, announce, hear, silent: false });
    const classes = { className: "ltxv-g-icon ltxv-g-play" };
    this.playButton = iconButton("play", "Play (Space)", () => transport.toggle(), classes);
    const back = iconButton("back", "One frame back (,)", () => step(-1));
    const next = iconButton("next", "One frame on (.)", () => step(1));
    this.scrubber = this.makeScrubber();
    this.time = make("span", { className: "ltxv-g-time" });
    const speeds = SPEEDS.map((speed) => make("option", { value: speed, selected: speed === 1 }, `${speed}×`));
    this.speed = make("select", { title: "Speed (< >)", "aria-label": "Speed" }, ...speeds);
    this.speed.addEventListener("change", () => transport.setSpeed(Number(this.speed.value)));
    this.loopButton = iconButton("loop", "Repeat (r)", () => this.toggleLoop(), { "aria-pressed": "true" });
    this.muteButton = iconButton("sound", "Sound off (m)", () => this.setSilent(!this.silent));
    this.element = make(
      "div",
      { className: "ltxv-g-bar", role: "group", "aria-label": "Player" },
      make("div", { className: "ltxv-g-buttons" }, back, this.playButton, next),
      this.scrubber,
      this.time,
      make("div", { className: "ltxv-g-buttons" }, this.speed, this.loopButton, this.muteButton),
    );
  }

  makeScrubber() {
    const { transport } = this;
    const about = { type: "range", min: 0, step: 0.01, value: 0, className: "ltxv-g-scrubber" };
    const scrubber = make("input", { ...about, "aria-label": "Position" });
    let held = false;
    let playing = false; // before it was held
    scrubber.addEventListener("input", () => {
      if (!held) playing = transport.playing;
      held = true;
      if (transport.playing) transport.pause();
      transport.seek(Number(scrubber.value));
    });
    scrubber.addEventListener("change", () => {
      held = false;
      if (playing) transport.play();
      playing = false;
    });
    return scrubber;
  }

  toggleLoop() {
    this.transport.loop = !this.transport.loop;
    this.loopButton.setAttribute("aria-pressed", this.transport.loop);
    this.announce(this.transport.loop ? "Repeats" : "Stops at the end");
  }

  /** Play slower or faster, by so many steps. */
  changeSpeed(by) {
    const at = Math.min(Math.max(0, SPEEDS.indexOf(this.transport.speed) + by), SPEEDS.length - 1);
    this.speed.value = SPEEDS[at];
    this.transport.setSpeed(SPEEDS[at]);
    this.announce(`Speed ${SPEEDS[at]}`);
  }

  setSilent(silent) {
    this.silent = silent;
    relabel(this.muteButton, silent ? "silent" : "sound", silent ? "Sound on (m)" : "Sound off (m)");
    this.muteButton.setAttribute("aria-pressed", silent);
    this.hear();
  }

  /** Show where the clips are. */
  draw() {
    const { time, length, playing } = this.transport;
    const { scrubber } = this;
    if (scrubber.max !== String(length)) scrubber.max = length;
    if (document.activeElement !== scrubber || playing) scrubber.value = time;
    const words = `${clock(time)} / ${clock(length)}`;
    if (this.time.textContent !== words) this.time.textContent = words;
    scrubber.style.setProperty("--ltxv-done", `${(100 * time) / length}%`);
    if (!playing) scrubber.setAttribute("aria-valuetext", `${time.toFixed(1)} of ${length.toFixed(1)} seconds`);
    relabel(this.playButton, playing ? "pause" : "play", playing ? "Pause (Space)" : "Play (Space)");
  }
}
