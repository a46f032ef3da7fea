/* Reads codes in pictures, in a thread of its own: the page stays free to answer. The first message
   names the reader and its machine code; every other one is a picture. */
"use strict";

const OPTIONS = {
  formats: ["QRCode", "Code128", "EAN13", "EAN8", "UPCA", "DataMatrix", "Code39", "ITF"],
  tryHarder: true,
  tryInvert: false,
  maxNumberOfSymbols: 8,
  textMode: "Plain",
};
/* Symbologies of GS1: with their identifier in front the server reads element strings in them. */
const OF_GS1 = ["]C1", "]d2", "]Q3", "]e0", "]J1"];

let ready = null;

self.onmessage = async ({ data }) => {
  if (data.reader) {
    importScripts(data.reader);
    ready = self.ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => data.wasm }, fireImmediately: true });
    return;
  }
  try {
    await ready;
    const picture = new ImageData(new Uint8ClampedArray(data.pixels), data.width, data.height);
    const found = await self.ZXingWASM.readBarcodes(picture, OPTIONS);
    self.postMessage({ found: found.filter((one) => one.isValid).map((one) => told(one, data)) });
  } catch (error) {
    self.postMessage({ found: [], trouble: String(error) });
  }
};

function told({ text, symbologyIdentifier, position }, { width, height }) {
  const corners = [position.topLeft, position.topRight, position.bottomLeft, position.bottomRight];
  const middle = (axis) => corners.reduce((sum, one) => sum + one[axis], 0) / 4;
  const prefix = OF_GS1.includes(symbologyIdentifier) ? symbologyIdentifier : "";
  return { text: prefix + text, x: middle("x") / width, y: middle("y") / height };
}
