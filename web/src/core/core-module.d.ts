/** What Emscripten writes: build.mjs resolves the name to it. */
declare module '#core' {
  export default function createModule(options: {
    wasmMemory: WebAssembly.Memory
    instantiateWasm(
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ): object
  }): Promise<unknown>
}
