// The sample clip: core draws it (masklet synth), ffmpeg makes a video of it. It is not in the repository; it comes out
// the same everywhere. Without the two tools the page is built without a sample and opens with an invitation instead.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const masklet = process.env.MASKLET ?? join(repository, 'build/native/native/masklet')
const settings = { frames: 60, size: '640x360', objects: 3, seed: 5, rate: 20 }

/** The folder that holds sample.mp4 and sample.json, or undefined where it cannot be made. */
export function makeSample() {
  // Named by its settings: a clip of other settings is another one.
  const folder = join(repository, 'build/sample', Object.values(settings).join('-'))
  const sample = join(folder, 'page')
  if (existsSync(join(sample, 'sample.json'))) return sample
  if (!existsSync(masklet)) return without(`${masklet} is missing; build it or name it in MASKLET`)
  const { frames, size, objects, seed, rate } = settings
  const flags = ['-o', folder, '--frames', frames, '--size', size, '--objects', objects, '--seed', seed]
  const said = execFileSync(masklet, ['synth', ...flags.map(String)], { encoding: 'utf8' })
  mkdirSync(sample, { recursive: true })
  try {
    const input = ['-framerate', String(rate), '-i', join(folder, 'frames/%05d.png')]
    const encoded = ['-c:v', 'libx264', '-crf', '18', '-g', '30', '-pix_fmt', 'yuv420p', '-movflags', '+faststart']
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, ...encoded, join(sample, 'sample.mp4')])
  } catch (error) {
    return without(`ffmpeg: ${error.message}`)
  } finally {
    for (const part of ['frames', 'masks']) rmSync(join(folder, part), { recursive: true, force: true })
  }
  // Where to click, as synth says it: --click X,Y,FRAME,OBJECT
  const clicks = [...said.matchAll(/--click (\d+),(\d+)/g)].map(([, x, y]) => [Number(x), Number(y)])
  writeFileSync(join(sample, 'sample.json'), JSON.stringify({ file: 'sample.mp4', clicks }))
  return sample
}

function without(why) {
  console.warn(`The page is built without its sample clip: ${why}`)
  return undefined
}
