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

export const h264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '12', '-crf', '18', '-threads', '1']

/** masklets.jsonl of the native twin. */
export function segment(input, name, args, model = join(repository, 'models/nano')) {
  const output = join(work, name)
  run(masklet, ['segment', input, '--model', model, ...args, '-o', output, '--progress', 'none'])
  return readFileSync(join(output, 'masklets.jsonl'), 'utf8')
}
