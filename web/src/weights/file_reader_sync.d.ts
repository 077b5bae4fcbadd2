/** Workers have it; the DOM's types, which the page's side needs, leave it out. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer
}
