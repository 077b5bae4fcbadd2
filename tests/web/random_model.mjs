// Checkpoints with random weights: speed and memory do not depend on their values.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './clips.mjs'
import { repository } from './server.mjs'

export const randomModels = ['tiny', 'small', 'base_plus', 'large']

/** The file of one of SAM 2.1's sizes. */
export function randomCheckpoint(size) {
  const file = join(work, `${size}-random.safetensors`)
  const build = join(repository, 'build/native')
  if (!existsSync(file)) {
    execFileSync('ninja', ['-C', build, 'bench_checkpoint'], { stdio: 'inherit' })
    execFileSync(join(build, 'tools/bench/bench_checkpoint'), [file, size])
  }
  return file
}
