#include "core/tracking/state.h"

#include <algorithm>

namespace masklet {

ObjectTrack* SessionState::find(int object) {
  const auto found =
      std::find_if(objects.begin(), objects.end(), [&](const ObjectTrack& track) { return track.id == object; });
  return found == objects.end() ? nullptr : &*found;
}

}  // namespace masklet
