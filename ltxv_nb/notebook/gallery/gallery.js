// Runs in the page, once for each gallery that is shown: previews while the mouse is over a clip, the lightbox,
// the stars. Texts from outside are only moved about as nodes, never read as HTML.
(marker => {
  const setUp = root => {
    if (root.dataset.ltxvReady) return;
    root.dataset.ltxvReady = "yes";
    const dialog = root.querySelector("dialog.ltxv-lightbox");
    const [stage, about, where] = [".ltxv-stage", ".ltxv-beside", ".ltxv-where"].map(s => dialog.querySelector(s));
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    let current = "", told = 0, wanted = 0, before = new Set();

    const tell = message => {
      const input = root.querySelector(".ltxv-bridge input");
      input.value = JSON.stringify({...message, number: ++told});
      for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, {bubbles: true}));
    };
    const clips = () => [...root.querySelectorAll(".ltxv-tile-clip")].filter(clip => clip.querySelector(".ltxv-play"));
    const clip = job => clips().find(one => one.dataset.job === job);

    // -- the lightbox
    const player = (src, poster) => {
      const video = document.createElement("video");
      Object.assign(video, {controls: true, autoplay: true, playsInline: true, src, poster: poster || "", tabIndex: 0});
      video.setAttribute("aria-label", about.querySelector(".ltxv-caption")?.textContent ?? "Clip");
      stage.replaceChildren(video);
      video.focus();
    };
    const say = (text, poster) => {
      const picture = Object.assign(document.createElement("img"), {src: poster || "", alt: ""});
      const words = Object.assign(document.createElement("p"), {textContent: text});
      words.setAttribute("role", "status");
      stage.replaceChildren(...(poster ? [picture] : []), words);
    };
    const play = one => {
      const preview = one.querySelector("video"), poster = preview?.poster || one.querySelector("img")?.src;
      if (preview?.getAttribute("src")) return player(preview.src, poster);
      say("Preparing the clip …", poster);
      if (!preview) tell({play: current});
      else setTimeout(() => one.dataset.job === current && dialog.open && play(one), 100); // its address is looked up
    };
    const show = one => {
      current = one.dataset.job;
      for (const other of document.querySelectorAll("video,audio")) other.pause();
      const copy = one.querySelector(".ltxv-about").cloneNode(true);
      for (const named of copy.querySelectorAll("[name]")) named.setAttribute("name", "large-" + named.getAttribute("name"));
      about.replaceChildren(...copy.childNodes);
      paint(current, Number(one.querySelector(".ltxv-stars")?.dataset.stars ?? 0));
      const position = root.querySelector(".ltxv-position"), at = clips().indexOf(one);
      where.textContent = `${Number(position.dataset.first) + at + 1} of ${position.dataset.found}`;
      if (!dialog.open) dialog.showModal();
      play(one);
    };
    const go = step => {
      const all = clips(), next = all[all.findIndex(one => one.dataset.job === current) + step];
      if (next) return show(next);
      const turn = root.querySelector(step < 0 ? ".ltxv-newer" : ".ltxv-older");
      if (turn.disabled) return;
      wanted = step;
      before = new Set(all.map(one => one.dataset.job));
      turn.click();
    };
    const turned = () => { // whether the page that was asked for has come, all of it
      const all = clips(), whole = root.querySelectorAll(".ltxv-tile").length === root.querySelectorAll(".ltxv-tile-clip").length;
      if (!wanted || !whole || !all.length || all.some(one => before.has(one.dataset.job))) return;
      const one = wanted > 0 ? all[0] : all[all.length - 1];
      wanted = 0;
      if (dialog.open) show(one);
    };
    new MutationObserver(turned).observe(root.querySelector(".ltxv-tiles"), {childList: true, subtree: true});
    new MutationObserver(() => {
      const sent = root.querySelector(".ltxv-source [data-job]");
      if (!dialog.open || sent?.dataset.job !== current) return;
      const video = sent.querySelector("video");
      if (video) player(video.src, video.poster);
      else say(sent.textContent);
    }).observe(root.querySelector(".ltxv-source"), {childList: true, subtree: true});

    // -- stars
    const paint = (job, stars) => {
      for (const group of root.querySelectorAll(".ltxv-stars")) {
        if (group.dataset.job !== job) continue;
        group.dataset.stars = stars;
        for (const input of group.querySelectorAll("input")) {
          input.checked = Number(input.value) === stars;
          input.parentNode.classList.toggle("ltxv-on", Number(input.value) <= stars);
        }
      }
    };

    // -- what people do
    root.addEventListener("click", event => {
      const button = event.target.closest("button"), input = event.target.closest(".ltxv-stars input");
      if (input) {
        const {job, stars: had} = input.closest(".ltxv-stars").dataset, chosen = Number(input.value);
        const stars = chosen === Number(had) ? 0 : chosen;
        setTimeout(() => paint(job, stars)); // after the page has drawn what was clicked
        tell({rate: job, stars});
      } else if (button?.matches(".ltxv-play")) show(button.closest(".ltxv-tile-clip"));
      else if (button?.dataset.go) go(Number(button.dataset.go));
      else if (button?.dataset.close || event.target === dialog) dialog.close();
    });
    // On the window, and before anything in it: JupyterLab listens on the document, and has commands on plain keys,
    // such as "d" twice for deleting the cell.
    const onKey = event => {
      if (!root.isConnected) return window.removeEventListener("keydown", onKey, true);
      if (event.ctrlKey || event.metaKey || event.altKey || !root.contains(event.target)) return;
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!dialog.open && !event.target.matches("button,select,summary,a,input[type=radio]")) return;
      if (event.key !== "Escape" && event.key !== "Tab") event.stopImmediatePropagation();
      if (!dialog.open || !step || event.target.matches("input")) return;
      event.preventDefault();
      go(step);
    };
    window.addEventListener("keydown", onKey, true);
    dialog.addEventListener("close", () => {
      stage.replaceChildren();
      wanted = 0;
      clip(current)?.querySelector(".ltxv-play").focus();
    });
    let soon = 0;
    const preview = event => {
      const thumb = event.target.closest?.(".ltxv-thumb"), video = thumb?.querySelector("video");
      return video && !thumb.contains(event.relatedTarget) ? video : null;
    };
    root.addEventListener("pointerover", event => {
      const video = preview(event);
      if (!video || event.pointerType !== "mouse" || still.matches) return;
      clearTimeout(soon);
      soon = setTimeout(() => video.play().catch(() => {}), 150); // not for a mouse that only passes by
    });
    root.addEventListener("pointerout", event => {
      const video = preview(event);
      if (!video) return;
      clearTimeout(soon);
      if (video.currentTime || !video.paused) video.load(); // back to its poster
    });
  };

  if (!window.ltxvOneSound) {
    window.ltxvOneSound = true;
    document.addEventListener("play", event => {
      if (event.target.muted || !event.target.closest(".ltxv-ui,.ltxv-clip")) return;
      for (const other of document.querySelectorAll("video,audio"))
        if (other !== event.target && !other.muted) other.pause();
    }, true);
  }
  let tries = 200; // it may be loaded before it is in the page
  const look = () => {
    const root = marker.closest(".ltxv-gallery");
    if (root?.querySelector("dialog.ltxv-lightbox") && root.querySelector(".ltxv-source") && root.querySelector(".ltxv-tiles")) setUp(root);
    else if (tries--) setTimeout(look, 50);
  };
  look();
})
