type Child = Node | string | null | undefined | false
type Props<K extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[K], 'style' | 'dataset'>> & {
  class?: string
  style?: string
  data?: Record<string, string>
  aria?: Record<string, string>
  role?: string
}

/** An element with its properties and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<K> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  const { class: classes, style, data, aria, role, ...rest } = props
  if (classes) node.className = classes
  if (style) node.style.cssText = style
  if (role) node.setAttribute('role', role)
  for (const [key, value] of Object.entries(data ?? {})) node.dataset[key] = value
  for (const [key, value] of Object.entries(aria ?? {})) node.setAttribute(`aria-${key}`, value)
  Object.assign(node, rest)
  node.append(...children.filter((child): child is Node | string => Boolean(child)))
  return node
}

/** The element of index.html with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (!found) throw new Error(`index.html has no #${id}`)
  return found as T
}

/** One of the drawings in icons.svg's symbols, which index.html holds. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  svg.classList.add('icon')
  svg.setAttribute('aria-hidden', 'true')
  use.setAttribute('href', `#i-${name}`)
  svg.append(use)
  return svg
}

/** Saves a file on the user's side. */
export function download(blob: Blob, name: string): void {
  const link = el('a', { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
