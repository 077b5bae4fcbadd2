#include "core/tracking/state.h"

#include <algorithm>

namespace masklet {

void ObjectTrack::set_passed(int frame, bool reverse) {
  (reverse ? passed_forward : passed_in_reverse).erase(frame);
  (reverse ? passed_in_reverse : passed_forward).insert(frame);
}

void ObjectTrack::forget_passed(int frame) {
  passed_forward.erase(frame);
  passed_in_reverse.erase(frame);
}

void ObjectTrack::forget_stored(int first, int last) {
  stored.erase(first, last);
  stored_ious.erase(stored_ious.lower_bound(first), stored_ious.upper_bound(last));
}

ObjectTrack* SessionState::find(int object) {
  const auto found =
      std::find_if(objects.begin(), objects.end(), [&](const ObjectTrack& track) { return track.id == object; });
  return found == objects.end() ? nullptr : &*found;
}

}  // namespace masklet
