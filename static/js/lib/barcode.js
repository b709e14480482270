// The camera's barcode reader: a BarcodeDetector that behaves alike in every browser.
// The library would fetch its WebAssembly from another host unless it is told where ours is.
import { BarcodeDetector, prepareZXingModule } from "../../vendor/barcode-detector/ponyfill.js";

const WASM = new URL("../../vendor/barcode-detector/zxing_reader.wasm", import.meta.url).href;

export const FORMATS = ["qr_code", "code_128", "code_39", "pdf417"];

prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? WASM : prefix + path) } });

/** A reader for the given formats; `detect(imageOrVideo)` resolves to a list of `{ format, rawValue }`. */
export function createReader(formats = FORMATS) {
  return new BarcodeDetector({ formats });
}
