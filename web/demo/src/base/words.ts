/** Numbers as people read them. */

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 2 ** 20) return `${Math.round(count / 2 ** 10)} KB`
  if (count < 2 ** 30) return `${Math.round(count / 2 ** 20)} MB`
  return `${Number((count / 2 ** 30).toFixed(1))} GB`
}

/** 75.5 -> 1:15.5 */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  const tenth = Math.floor((seconds - whole) * 10)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}.${tenth}`
}

/** 75 -> "1 min 15 s" */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export function percent(part: number): string {
  const hundredths = part * 100
  return `${hundredths > 0 && hundredths < 10 ? hundredths.toFixed(1) : Math.round(hundredths)} %`
}
