import { App } from './app'
import { becomeIsolated } from './isolation'
import { advise } from './views/advice'
import { installKeyboard } from './views/keyboard'
import { showClipBar } from './views/clip_bar'
import { showCoach } from './views/coach'
import { installDropZone } from './views/drop_zone'
import { showExportMenu } from './views/export_menu'
import { showLoading } from './views/loading'
import { showMemoryBar } from './views/memory_bar'
import { showModelChip } from './views/model_chip'
import { showNotices } from './views/notices'
import { showObjects } from './views/objects_panel'
import { showStage } from './views/stage'
import { showTimeline } from './views/timeline'
import { showTools } from './views/tools_bar'
import { speak } from './views/spoken'
import { showTransport } from './views/transport'

async function start(): Promise<void> {
  if (await becomeIsolated()) return
  const app = new App()
  showNotices(app)
  showClipBar(app)
  showModelChip(app)
  showExportMenu(app)
  showLoading(app)
  const stage = showStage(app)
  showCoach(app, stage)
  showTools(app)
  showObjects(app)
  showMemoryBar(app)
  showTransport(app)
  showTimeline(app)
  installDropZone(app)
  installKeyboard(app)
  speak(app)
  advise(app)
  // For tests, and for the curious in the console.
  Object.assign(globalThis, { app })

  try {
    await app.engine.load(app.engine.choice.value)
  } catch (thrown) {
    app.notices.fail('The model could not be loaded', thrown, { label: 'Try again', run: () => location.reload() })
    return
  }
  if (!app.clip.open.value && !app.clip.opening.value) await app.opening.sample()
}

void start()
