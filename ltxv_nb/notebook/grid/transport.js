// Plays several videos in step. One of them is the master, by whose time all others are judged: a small drift is
// made up for by playing a little faster or slower, a large one by a jump.

const NEAR = 0.012; // seconds of drift that nobody sees
const OFF = 0.03; // from here on it is corrected
const LOST = 0.4; // from here on by a jump
const MOST_FASTER = 0.5; // share of the speed; a clip whose speed is changed is not heard
const PATIENCE = 2500; // milliseconds that everybody waits for a clip that loads
const CHECK_EVERY = 40; // milliseconds

class Transport {
  /** `length` in seconds is that of the longest clip; `changed` is called whenever time or state changes. */
  constructor(length, changed) {
    Object.assign(this, { length, changed, time: 0, speed: 1, loop: true, playing: false, running: false });
    this.videos = new Set();
    this.heard = null;
    this.wanted = new Map(); // where a video goes that is still on its way to another place
    this.jumped = new Map(); // when a video jumped last
    this.turn = 0;
    this.checked = 0;
    this.tick = this.tick.bind(this);
  }

  add(video) {
    if (this.videos.has(video)) return;
    this.videos.add(video);
    video.muted = video !== this.heard;
    video.addEventListener("seeked", (video.ltxvSeeked = () => this.arrived(video)));
    video.addEventListener("loadedmetadata", (video.ltxvLoaded = () => this.join(video)));
    video.addEventListener("pause", (video.ltxvPaused = () => this.paused(video)));
    if (video.readyState > 0) this.join(video);
  }

  remove(video) {
    if (!this.videos.delete(video)) return;
    video.removeEventListener("seeked", video.ltxvSeeked);
    video.removeEventListener("loadedmetadata", video.ltxvLoaded);
    video.removeEventListener("pause", video.ltxvPaused);
    this.wanted.delete(video);
    video.pause();
  }

  /** Let one video be heard, or none. */
  hear(video) {
    this.heard = video;
    for (const one of this.videos) one.muted = one !== video;
  }

  end(video) {
    return Number.isFinite(video.duration) ? Math.max(0, video.duration - 0.001) : Infinity;
  }

  over(video) {
    return video.ended || this.time >= this.end(video);
  }

  /** Return the video that gives the time: the heard one, whose speed is never touched, else the longest. */
  master() {
    const able = [...this.videos].filter((video) => !video.error && video.readyState >= 2 && !this.over(video));
    const ready = able.filter((video) => video.readyState >= 3 && !video.seeking);
    if (ready.includes(this.heard)) return this.heard;
    return (ready.length ? ready : able).reduce((best, one) => (best && best.duration >= one.duration ? best : one), null);
  }

  /** Bring a video to a time; one that is on its way already goes on from there. */
  place(video, time = this.time) {
    const target = Math.min(Math.max(0, time), this.end(video));
    if (video.readyState === 0) return;
    if (video.seeking) this.wanted.set(video, target);
    else if (Math.abs(video.currentTime - target) > 0.0005) video.currentTime = target;
  }

  arrived(video) {
    const target = this.wanted.get(video);
    this.wanted.delete(video);
    if (target !== undefined) this.place(video, target);
  }

  /** Let a video that has come later play along. */
  join(video) {
    video.playbackRate = this.speed;
    this.place(video);
    if (this.running && !this.over(video)) video.play().catch(() => {});
  }

  async play() {
    if (this.playing) return;
    if (this.time >= this.length - 0.02) this.time = 0;
    this.playing = true;
    this.changed();
    await this.start();
  }

  /** Start all at once, when all are there; one that is still on its way plays along when it comes. */
  async start() {
    const turn = ++this.turn;
    this.running = false;
    for (const video of this.videos) {
      video.pause();
      video.playbackRate = this.speed;
      this.wanted.delete(video);
      if (video.readyState > 0) video.currentTime = Math.min(this.time, this.end(video));
    }
    await Promise.race([Promise.all([...this.videos].map(settled)), pause(PATIENCE)]);
    if (turn !== this.turn || !this.playing) return;
    const ready = [...this.videos].filter((video) => !video.seeking && !this.over(video));
    await Promise.race([Promise.allSettled(ready.map((video) => video.play())), pause(PATIENCE)]);
    if (turn !== this.turn || !this.playing) return;
    this.running = true;
    requestAnimationFrame(this.tick);
  }

  pause() {
    this.turn++;
    this.playing = this.running = false;
    for (const video of this.videos) {
      video.pause();
      video.playbackRate = this.speed;
    }
    for (const video of this.videos) this.place(video);
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Somebody else has paused a video: another clip of the page that is heard, or the browser. */
  paused(video) {
    if (this.running && video.paused && !video.ended && this.videos.has(video) && !this.over(video)) this.pause();
  }

  seek(time) {
    this.time = Math.min(Math.max(0, time), this.length);
    for (const video of this.videos) this.place(video);
    this.changed();
    if (this.playing) this.start();
  }

  /** Go so many frames on, or back, and stay in the middle of that frame. */
  step(frames, fps) {
    if (this.playing) this.pause();
    const frame = Math.floor(this.time * fps + 0.001) + frames;
    this.seek(Math.min((Math.max(0, frame) + 0.5) / fps, this.length));
  }

  setSpeed(speed) {
    this.speed = speed;
    for (const video of this.videos) video.playbackRate = speed;
    this.changed();
  }

  tick(now) {
    if (!this.running) return;
    const master = this.master();
    if (master && !master.seeking) this.time = Math.min(master.currentTime, this.length);
    if (!master || this.time >= this.length - 0.015) {
      const waits = [...this.videos].some((video) => !video.error && !this.over(video));
      if (!waits || this.time >= this.length - 0.015) return this.finish();
    }
    if (master && now - this.checked >= CHECK_EVERY) {
      this.checked = now;
      for (const video of this.videos) this.follow(video, master, now);
    }
    this.changed();
    requestAnimationFrame(this.tick);
  }

  finish() {
    this.running = false;
    if (this.loop && this.videos.size) {
      this.time = 0;
      this.start();
      return;
    }
    this.time = this.length;
    this.pause();
  }

  /** Bring a video nearer to the master. */
  follow(video, master, now) {
    if (video === master || video.seeking || video.error || this.over(video)) {
      if (video === master && video.playbackRate !== this.speed) video.playbackRate = this.speed;
      return;
    }
    if (video.paused) video.play().catch(() => {});
    const drift = video.currentTime - master.currentTime;
    const size = Math.abs(drift);
    if (size > LOST && now - (this.jumped.get(video) ?? -1e9) > 1000) {
      this.jumped.set(video, now);
      this.place(video, master.currentTime + 0.1 * this.speed); // it takes a moment to get there
    } else if (size > OFF || (size > NEAR && video.playbackRate !== this.speed)) {
      video.playbackRate = this.speed * (1 - Math.sign(drift) * Math.min(MOST_FASTER, 0.04 + 3 * size));
    } else if (video.playbackRate !== this.speed) {
      video.playbackRate = this.speed;
    }
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Wait until a video can play from where it is to be. */
function settled(video) {
  const there = () => video.error || (!video.seeking && video.readyState >= 3);
  if (there()) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ["seeked", "canplay", "canplaythrough", "error", "emptied"];
    const look = () => {
      if (!there()) return;
      for (const name of events) video.removeEventListener(name, look);
      resolve();
    };
    for (const name of events) video.addEventListener(name, look);
  });
}
