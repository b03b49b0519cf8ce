// A button that takes one picture, makes it as small as the model can use it, and sends it to the kernel.
//
// It is sent in pieces, each after the one before was received: one message of many megabytes would end the
// connection between page and kernel.

const PIECE = 512 * 1024; // bytes; Jupyter's servers take up to 10 MB in one message
const UNTOUCHED = 4 * 2 ** 20; // bytes up to which a picture of fitting size goes as it is
const MOST_SENT = 32 * 2 ** 20; // bytes of a picture that the browser cannot read
const MOST_READ = 256 * 2 ** 20; // bytes of a picture that the browser is asked to read
const QUALITY = 0.92;

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`;

/** Return the picture as this browser reads it, upright; null where it cannot. */
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/** Return a picture as a JPEG of a size; null where the browser cannot make one. */
async function drawn(picture, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // what is transparent, as on a page
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

/** Return what to send of a file: itself, or a smaller picture that still fills the frame. */
async function shrunk(file, [wide, high]) {
  const picture = await decoded(file);
  if (!picture) return file;
  const scale = Math.min(1, Math.max(wide / picture.width, high / picture.height));
  if (scale === 1 && file.size <= UNTOUCHED) return file;
  const made = await drawn(picture, Math.ceil(picture.width * scale), Math.ceil(picture.height * scale));
  picture.close();
  return made && (scale < 1 || made.size < file.size) ? made : file;
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const input = element("input", { type: "file", accept: "image/*", hidden: true });
  const button = element("button", { type: "button", className: "jupyter-button", title: model.get("about") });
  button.append("Choose a picture");
  const words = element("span", { className: "ltxv-hint" });
  words.setAttribute("role", "status");
  const bar = element("progress", { max: 1, hidden: true });
  bar.setAttribute("aria-label", "Sending the picture");
  el.classList.add("ltxv-picture");
  el.append(button, input, bar, words);

  let current = null; // the picture that is being sent: {id, bytes}
  const say = (text, bad = false) => {
    words.textContent = text;
    words.dataset.tone = bad ? "bad" : "";
  };
  const stop = (text) => {
    current = null;
    bar.hidden = true;
    button.disabled = false;
    say(text, true);
  };
  const sendFrom = (at) => {
    const piece = current.bytes.slice(at, at + PIECE);
    model.send({ kind: "piece", id: current.id, at }, undefined, [piece]);
  };

  const take = async (file) => {
    if (file.size > MOST_READ) {
      return stop(
        `${file.name} has ${megabytes(file.size)}. A picture can have up to ${megabytes(MOST_READ)}: ` +
          "choose a smaller one.",
      );
    }
    button.disabled = true;
    say(`Reading ${file.name} …`);
    let sent;
    try {
      sent = await shrunk(file, model.get("frame"));
      if (sent.size > MOST_SENT) {
        return stop(
          `${file.name} has ${megabytes(file.size)}, and this browser cannot make it smaller. Up to ` +
            `${megabytes(MOST_SENT)} are sent as they are: save it as JPEG, or choose “Address or path”.`,
        );
      }
      current = { id: `${Date.now()}-${Math.random()}`, bytes: await sent.arrayBuffer() };
    } catch (error) {
      return stop(`${file.name} cannot be read (${error.name}). Choose it again, or another one.`);
    }
    bar.hidden = false;
    bar.value = 0;
    const smaller = sent === file ? "" : ` (made smaller, from ${megabytes(file.size)})`;
    say(`Sending ${megabytes(sent.size)}${smaller} …`);
    model.send({ kind: "begin", id: current.id, name: file.name, type: sent.type, size: sent.size });
  };

  const onMessage = (message) => {
    if (!current || message.id !== current.id) return;
    if (message.kind === "problem") return stop(message.words);
    bar.value = current.bytes.byteLength ? message.received / current.bytes.byteLength : 1;
    if (message.received < current.bytes.byteLength) sendFrom(message.received);
  };
  const onFile = () => {
    const file = input.files[0];
    input.value = ""; // so that the same file can be chosen again
    if (file) take(file);
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", onFile);
  model.on("msg:custom", onMessage);
  return () => model.off("msg:custom", onMessage);
}

export default { render };
