// SHA-256 of bytes that arrive in pieces, which WebCrypto cannot do (FIPS 180-4).

const primes = (() => {
  const list: number[] = []
  for (let n = 2; list.length < 64; ++n) if (list.every((prime) => n % prime)) list.push(n)
  return list
})()
const fraction = (x: number) => ((x - Math.floor(x)) * 2 ** 32) | 0
const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)))
const start = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

export class Sha256 {
  bytes = 0
  private readonly state = start.slice()
  private readonly block = new Uint8Array(64)
  private readonly view = new DataView(this.block.buffer)
  private readonly words = new Int32Array(64)
  private filled = 0

  update(bytes: Uint8Array): void {
    this.bytes += bytes.byteLength
    for (let offset = 0; offset < bytes.byteLength; ) {
      const taken = Math.min(64 - this.filled, bytes.byteLength - offset)
      this.block.set(bytes.subarray(offset, offset + taken), this.filled)
      this.filled += taken
      offset += taken
      if (this.filled === 64) this.compress()
    }
  }

  /** Ends the sum. */
  hex(): string {
    const bits = this.bytes * 8
    this.block[this.filled++] = 0x80
    if (this.filled > 56) {
      this.block.fill(0, this.filled)
      this.compress()
    }
    this.block.fill(0, this.filled, 56)
    this.view.setUint32(56, Math.floor(bits / 2 ** 32))
    this.view.setUint32(60, bits >>> 0)
    this.compress()
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  private compress(): void {
    const { words: w, state } = this
    const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n))
    for (let i = 0; i < 16; ++i) w[i] = this.view.getInt32(4 * i)
    for (let i = 16; i < 64; ++i) {
      const early = w[i - 15]!
      const late = w[i - 2]!
      const low = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
      const high = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
      w[i] = (w[i - 16]! + low + w[i - 7]! + high) | 0
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
    for (let i = 0; i < 64; ++i) {
      const sumE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const first = (h + sumE + ((e & f) ^ (~e & g)) + constants[i]! + w[i]!) | 0
      const sumA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const second = (sumA + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + first) | 0
      d = c
      c = b
      b = a
      a = (first + second) | 0
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i]! + value) | 0
    this.filled = 0
  }
}
