/** "a/b/clip.final.mp4" -> "clip.final" */
export function stem(name: string): string {
  return (name.split('/').pop() ?? name).replace(/\.[^.]*$/, '') || 'clip'
}

const modelName = /\.(pt|pth|safetensors)$/i

export function isModelFile(file: File): boolean {
  return modelName.test(file.name)
}

/** In the order of their numbers: 2.png before 10.png. */
export function byName(files: readonly File[]): File[] {
  return [...files].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
}
