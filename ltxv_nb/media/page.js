// Plays all clips of the page in step: one clock, which each clip follows; a clip that has ended waits.
"use strict";
(() => {
  const videos = [...document.querySelectorAll("video")];
  const bar = document.querySelector(".controls");
  if (!videos.length || !bar) return;
  const part = (name) => bar.querySelector(`[name="${name}"]`);
  const [play, slider, loop, speed] = ["play", "time", "loop", "speed"].map(part);
  const shown = bar.querySelector("output");
  const step = 1 / (Number(bar.dataset.fps) || 25);
  const farthest = 0.06; // seconds that a clip may be away from the clock
  let at = 0; // seconds, when the clock was last set
  let since = null; // when that was; null while it stands
  const length = () => Math.max(...videos.map((video) => video.duration || 0));
  const now = () => Math.min(length(), since === null ? at : at + ((performance.now() - since) / 1000) * Number(speed.value));

  const set = (time, playing = since !== null) => {
    at = Math.min(Math.max(0, time), length());
    since = playing ? performance.now() : null;
    videos.forEach((video) => follow(video, true));
    show();
  };
  const follow = (video, exactly = false) => {
    const end = video.duration || 0;
    const time = Math.min(now(), Math.max(0, end - step / 2));
    if (exactly || Math.abs(video.currentTime - time) > farthest) video.currentTime = time;
    const plays = since !== null && now() < end && !video.dataset.hidden;
    video.playbackRate = Number(speed.value);
    if (plays && video.paused) video.play().catch(() => {});
    else if (!plays && !video.paused) video.pause();
  };
  const show = () => {
    slider.max = String(length());
    slider.value = String(now());
    slider.setAttribute("aria-valuetext", `${now().toFixed(1)} seconds`);
    shown.value = `${now().toFixed(2)} / ${length().toFixed(2)} s`;
    play.textContent = since === null ? "Play" : "Pause";
  };
  const hear = (video) => videos.forEach((other) => {
    other.muted = other !== video;
    other.closest("figure").classList.toggle("heard", other === video);
    const button = other.closest("figure").querySelector("button");
    if (button) button.setAttribute("aria-pressed", String(other === video));
  });
  const toggle = () => set(now() >= length() && since === null ? 0 : now(), since === null);

  play.addEventListener("click", toggle);
  part("back").addEventListener("click", () => set(now() - step, false));
  part("on").addEventListener("click", () => set(now() + step, false));
  slider.addEventListener("input", () => set(Number(slider.value)));
  speed.addEventListener("change", () => set(videos.length ? Number(slider.value) : 0));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { " ": toggle, ArrowLeft: () => set(now() - step, false), ArrowRight: () => set(now() + step, false) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  const seen = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    target.dataset.hidden = isIntersecting ? "" : "1"; // what nobody sees is not decoded
    follow(target, true);
  }));
  videos.forEach((video) => {
    video.controls = false;
    video.muted = true;
    video.addEventListener("loadedmetadata", show);
    video.addEventListener("click", toggle);
    seen.observe(video);
    const button = video.closest("figure").querySelector("button");
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => hear(video.muted ? video : null));
    }
  });
  hear(videos.find((video) => video.hasAttribute("data-heard")) || null);
  setInterval(() => {
    if (since !== null && now() >= length()) loop.checked ? set(0) : set(length(), false);
    if (since !== null) { videos.forEach((video) => follow(video)); show(); }
  }, 100);
  bar.hidden = false;
  show();
})();
