#pragma once

namespace masklet {

/// The double nearest to the shortest decimal number that reads back as the same float. As JSON it shows no
/// digits that mean nothing, which the float itself would once it is widened.
double shortest(float value);

}  // namespace masklet
