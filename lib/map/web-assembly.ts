/** The part of WebAssembly that the engine uses, in types: the compiler has them only for browsers. Node has all of it. */
type WebAssemblyApi = {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: Readonly<Record<string, object>>) => { readonly exports: unknown };
};

export type WasmMemory = { readonly buffer: ArrayBuffer };
export type WasmModule = object;
export type WasmGlobal = { value: number };

export const webAssembly: WebAssemblyApi = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
