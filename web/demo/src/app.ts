import { Following } from './actions/following'
import { Opening } from './actions/opening'
import { Prompting } from './actions/prompting'
import { Saving } from './actions/saving'
import { Tracking } from './actions/tracking'
import { Screen } from './screen/screen'
import { Clip } from './state/clip'
import { Engine } from './state/engine'
import { Jobs } from './state/job'
import { Notices } from './state/notices'
import { Objects } from './state/objects'
import { Playhead } from './state/playhead'
import { Prompts } from './state/prompts'
import { Results } from './state/results'
import { Tool } from './state/tool'

/** Everything that the views show and the actions change, each with its one owner. */
export class App {
  readonly notices = new Notices()
  readonly engine = new Engine()
  readonly clip = new Clip(this.engine)
  readonly objects = new Objects()
  readonly prompts = new Prompts()
  readonly results = new Results()
  readonly playhead = new Playhead(this.clip)
  readonly jobs = new Jobs()
  readonly tool = new Tool()
  readonly screen = new Screen(this.clip)
  readonly prompting = new Prompting(this)
  readonly tracking = new Tracking(this)
  readonly following = new Following(this)
  readonly opening = new Opening(this)
  readonly saving = new Saving(this)
}
