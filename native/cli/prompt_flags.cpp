#include "native/cli/prompt_flags.h"

#include <charconv>
#include <cmath>

#include "native/host/prompts_file.h"

namespace masklet::native {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

template <class T>
bool read_number(const std::string& text, T& out) {
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, out);
  return failure == std::errc() && rest == end;
}

/// The form of a flag: coordinates, then optionally a frame and an object.
struct Form {
  const char* flag;
  const char* shape;
  std::size_t coordinates;
};

Error malformed(const Form& form, const std::string& text) {
  return {ErrorCode::invalid_argument,
          std::string(form.flag) + " " + text + " cannot be read; write " + form.flag + " " + form.shape};
}

/// `parts` from the place where the frame stands.
bool read_frame_and_object(const std::vector<std::string>& parts, std::size_t from, ClipPrompt& prompt) {
  if (parts.size() > from + 2) return false;
  if (parts.size() > from && !read_number(parts[from], prompt.frame)) return false;
  return parts.size() <= from + 1 || read_number(parts[from + 1], prompt.object);
}

Result<ClipPrompt> parse(const Form& form, const std::string& text, std::vector<float>& numbers) {
  const std::vector<std::string> parts = split(text);
  ClipPrompt prompt;
  if (parts.size() < form.coordinates || !read_frame_and_object(parts, form.coordinates, prompt))
    return malformed(form, text);
  for (std::size_t i = 0; i < form.coordinates; ++i) {
    float number = 0;
    if (!read_number(parts[i], number) || !std::isfinite(number)) return malformed(form, text);
    numbers.push_back(number);
  }
  return prompt;
}

Result<ClipPrompt> parse_click(const std::string& text, int label) {
  std::vector<float> xy;
  const Form form{label ? "--click" : "--negative", "X,Y[,FRAME[,OBJECT]]", 2};
  MASKLET_ASSIGN(ClipPrompt prompt, parse(form, text, xy));
  prompt.points = {{xy[0], xy[1], label}};
  return prompt;
}

Result<ClipPrompt> parse_box(const std::string& text) {
  std::vector<float> corners;
  MASKLET_ASSIGN(ClipPrompt prompt, parse({"--box", "X0,Y0,X1,Y1[,FRAME[,OBJECT]]", 4}, text, corners));
  prompt.box = {corners[0], corners[1], corners[2], corners[3]};
  return prompt;
}

/// Up to two numbers at the end are frame and object; commas before them belong to the file's name.
Result<ClipPrompt> parse_mask(const std::string& text) {
  std::vector<std::string> parts = split(text);
  std::size_t numbers = 0;
  for (int number;
       numbers < 2 && numbers + 1 < parts.size() && read_number(parts[parts.size() - 1 - numbers], number);)
    ++numbers;
  const std::size_t names = parts.size() - numbers;
  ClipPrompt prompt;
  prompt.mask_path = parts[0];
  for (std::size_t i = 1; i < names; ++i) prompt.mask_path += "," + parts[i];
  if (prompt.mask_path.empty() || !read_frame_and_object(parts, names, prompt))
    return malformed({"--mask", "FILE[,FRAME[,OBJECT]]", 1}, text);
  return prompt;
}

}  // namespace

void add_prompt_flags(CLI::App& command, PromptFlags& flags) {
  const auto add = [&](const char* flag, std::vector<std::string>& values, const char* about) {
    // One value a flag: what follows may be INPUT.
    command.add_option(flag, values, about)->type_size(1)->allow_extra_args(false)->group("Prompts");
  };
  add("--click", flags.clicks,
      "X,Y[,FRAME[,OBJECT]]: a point on the object, in pixels; frame 0, object 1 if left out");
  add("--negative", flags.negatives, "X,Y[,FRAME[,OBJECT]]: a point that is not on the object");
  add("--box", flags.boxes, "X0,Y0,X1,Y1[,FRAME[,OBJECT]]: a box around the object");
  add("--mask", flags.masks,
      "FILE[,FRAME[,OBJECT]]: the object's mask, a grey PNG or an indexed one with ids");
  command
      .add_option(
          "--prompts", flags.file,
          "JSON file: a list of {object, frame, points, labels, box, mask}, or an earlier masklets.jsonl")
      ->group("Prompts");
}

Result<std::vector<ClipPrompt>> parse_prompt_flags(const PromptFlags& flags, bool corrections) {
  std::vector<ClipPrompt> prompts;
  if (!flags.file.empty()) {
    MASKLET_ASSIGN(prompts, read_prompts_file(flags.file));
  }
  for (const std::string& text : flags.clicks) {
    MASKLET_ASSIGN(prompts.emplace_back(), parse_click(text, 1));
  }
  for (const std::string& text : flags.negatives) {
    MASKLET_ASSIGN(prompts.emplace_back(), parse_click(text, 0));
  }
  for (const std::string& text : flags.boxes) {
    MASKLET_ASSIGN(prompts.emplace_back(), parse_box(text));
  }
  for (const std::string& text : flags.masks) {
    MASKLET_ASSIGN(prompts.emplace_back(), parse_mask(text));
  }
  if (prompts.empty() && !corrections)
    return Error{ErrorCode::invalid_argument,
                 "no object is given; point at one with --click X,Y, --box X0,Y0,X1,Y1, --mask FILE or "
                 "--prompts FILE"};
  return merge_prompts(prompts, corrections);
}

}  // namespace masklet::native
