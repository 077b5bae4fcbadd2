import { type KeptRecords, RecordFile } from './record_file.js'
import { type KeptResults, Results } from './results.js'
import { ScratchFile } from './scratch_file.js'

/** Where a session's spilled records and results are, for the page's next worker. */
export interface KeptSpill {
  records: KeptRecords
  resultFile: string
  results: KeptResults
  /** Whether anything lies there that a saved session would lack. */
  isNeeded: boolean
}

/** What of a session lies in files: what it holds in memory does not grow with the clip. */
export class Spill {
  private constructor(
    readonly records: RecordFile,
    readonly results: Results,
    private readonly resultFile: ScratchFile,
  ) {}

  /** Errors: io_failed, where this browser gives a worker no files. */
  static async create(page: string): Promise<Spill> {
    const records = await RecordFile.create(page)
    const file = await ScratchFile.create(page).catch(async (thrown) => {
      await records.close()
      throw thrown
    })
    return new Spill(records, new Results(file), file)
  }

  /** Another worker's. Errors: io_failed. */
  static async reopen(kept: KeptSpill): Promise<Spill> {
    const records = await RecordFile.reopen(kept.records)
    const file = await ScratchFile.reopen(kept.resultFile).catch((thrown) => {
      records.leave()
      throw thrown
    })
    const results = new Results(file)
    results.find(kept.results)
    return new Spill(records, results, file)
  }

  get kept(): KeptSpill {
    const { records, results, resultFile } = this
    const isNeeded = !records.isEmpty || !results.isInMemory
    return { records: records.kept, resultFile: resultFile.name, results: results.kept, isNeeded }
  }

  /** For another worker. */
  leave(): void {
    this.records.leave()
    this.resultFile.leave()
  }

  /** With the files. */
  async close(): Promise<void> {
    await this.records.close()
    await this.resultFile.close()
  }
}
