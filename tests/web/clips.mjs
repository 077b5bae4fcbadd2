// Clips for the tests, drawn by the native twin and encoded by FFmpeg, and what the native twin makes of them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './server.mjs'

export const work = join(repository, 'build/web-tests')
export const masklet = process.env.MASKLET ?? join(repository, 'build/native/native/masklet')
mkdirSync(work, { recursive: true })

const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** PNG frames with two objects, of which the first is hidden for a moment. */
export function frames(count = 60, size = '320x240') {
  const folder = join(work, `clip-${count}-${size}`)
  const drawn = join(folder, 'frames')
  if (!existsSync(drawn) || readdirSync(drawn).length !== count)
    run(masklet, ['synth', '-o', folder, '--frames', String(count), '--size', size, '--objects', '2'])
  return drawn
}

/** A video of those frames. `encoding`: FFmpeg's arguments. */
export function video(name, encoding, count = 60, size = '320x240') {
  const file = join(work, name)
  if (!existsSync(file))
    run('ffmpeg', ['-v', 'error', '-y', '-framerate', '24', '-i', join(frames(count, size), '%05d.png'), ...encoding, file])
  return file
}

/** A copy of a video that says it is to be shown turned by a quarter: FFmpeg 5 keeps that only where it copies the stream. */
export function turned(name, original) {
  const file = join(work, name)
  if (!existsSync(file)) run('ffmpeg', ['-v', 'error', '-y', '-i', original, '-c', 'copy', '-metadata:s:v', 'rotate=90', file])
  return file
}

/** A video of two squares that move, drawn by FFmpeg itself: long ones take seconds. */
export function squares(frames, size = '1920x1080') {
  const file = join(work, `squares-${frames}-${size}.mp4`)
  if (existsSync(file)) return file
  const square = (colour) => ['-f', 'lavfi', '-i', `color=c=${colour}:s=68x68:r=24`]
  const ground = ['-f', 'lavfi', '-i', 'color=c=0x3a4a3a:s=480x270:r=24']
  const over = (of) => `overlay=x='W*${0.25 + 0.4 * of}+48*sin(n/40+${of})':y='H*0.4+54*cos(n/55+${of})'`
  const scene = `[0][1]${over(0)}[one];[one][2]${over(1)},scale=${size.replace('x', ':')}:flags=neighbor`
  const encoding = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-g', '250']
  run('ffmpeg', ['-v', 'error', '-y', ...ground, ...square('0x4060d0'), ...square('0xd08030'), '-filter_complex', scene, '-frames:v', String(frames), ...encoding, file])
  return file
}

export const h264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '12', '-crf', '18', '-threads', '1']

/** masklets.jsonl of the native twin. */
export function segment(input, name, args, model = join(repository, 'models/nano')) {
  const output = join(work, name)
  run(masklet, ['segment', input, '--model', model, ...args, '-o', output, '--progress', 'none'])
  return readFileSync(join(output, 'masklets.jsonl'), 'utf8')
}
