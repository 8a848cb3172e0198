"use strict";
// What draws and what browses both read packed parts of the page.
const unpacking = {
  bytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const plain = atob(text);
    const bytes = new Uint8Array(plain.length);
    for (let i = 0; i < plain.length; i++) bytes[i] = plain.charCodeAt(i);
    return bytes;
  },
  text(element) {
    const packed = new Blob([unpacking.bytes(element.textContent)]).stream();
    return new Response(packed.pipeThrough(new DecompressionStream("deflate"))).text();
  },
};
