#include "core/weights/pickle_machine.h"

#include <algorithm>
#include <string>

#include "core/weights/little_endian.h"
#include "core/weights/pickle_globals.h"
#include "core/weights/pickle_opcodes.h"

namespace masklet {
namespace {

// A training checkpoint of SAM 2 large with its optimizer makes about 50,000.
constexpr std::size_t kMaxValues = 1'000'000;
constexpr int kFirstProtocol = 2, kLastProtocol = 5;

/// An element that is never looked at.
constexpr PickleValue kOther{PickleKind::other};

using namespace pickle_opcodes;

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::size_t& position, PickleHeap& heap)
      : bytes_(bytes), at_(position), heap_(heap) {}

  Result<PickleValue> run() {
    while (true) {
      opcode_at_ = at_;
      if (at_ >= bytes_.size()) return corrupt("it ends without STOP");
      const auto opcode = static_cast<std::uint8_t>(bytes_[at_++]);
      if (opcode == kStop) {
        if (stack_.size() != 1 || !marks_.empty()) return corrupt("it stops with unfinished values");
        return stack_.back();
      }
      if (++executed_ > kMaxValues) {
        return Error{ErrorCode::unsupported_file, "the checkpoint's pickle holds more than " +
                                                      std::to_string(kMaxValues) +
                                                      " values; save the state dict without the optimizer"};
      }
      MASKLET_TRY(step(opcode));
    }
  }

 private:
  Error corrupt(const std::string& what) const {
    return {ErrorCode::corrupt_file, "the checkpoint's pickle is broken at byte " +
                                         std::to_string(opcode_at_) + ": " + what +
                                         ". Download or save the file again"};
  }

  Status step(std::uint8_t opcode) {
    switch (opcode) {
      case kProto:
        return protocol();
      case kFrame:
        return skip(8);
      case kNone:
        return push({PickleKind::none});
      case kNewTrue:
        return push({PickleKind::boolean, 1});
      case kNewFalse:
        return push({PickleKind::boolean, 0});
      case kBinInt:
        return push_integer<std::int32_t>();
      case kBinInt1:
        return push_integer<std::uint8_t>();
      case kBinInt2:
        return push_integer<std::uint16_t>();
      case kLong1:
        return push_long<std::uint8_t>();
      case kLong4:
        return push_long<std::uint32_t>();
      case kBinFloat:
        MASKLET_TRY(skip(8));
        return push({PickleKind::real});
      case kBinUnicode:
      case kBinString:  // Python 2's str: keys and names
        return push_text<std::uint32_t>();
      case kShortBinUnicode:
      case kShortBinString:
        return push_text<std::uint8_t>();
      case kBinUnicode8:
        return push_text<std::uint64_t>();
      case kBinBytes:
        return push_bytes<std::uint32_t>();
      case kShortBinBytes:
        return push_bytes<std::uint8_t>();
      case kBinBytes8:
        return push_bytes<std::uint64_t>();
      case kEmptyTuple:
        return push(heap_.add_tuple({}));
      case kEmptyList:
        return push(heap_.add_list({}));
      case kEmptyDict:
        return push(heap_.add(PickleDict()));
      case kEmptySet:
        return push(heap_.add_list({}));
      case kMark:
        marks_.push_back(stack_.size());
        return {};
      case kPop:
        return pop();
      case kPopMark:
        return pop_mark();
      case kDup:
        MASKLET_TRY(need(1));
        return push(stack_.back());
      case kTuple:
        return collect(PickleKind::tuple);
      case kList:
      case kFrozenSet:
        return collect(PickleKind::list);
      case kTuple1:
        return tuple_of(1);
      case kTuple2:
        return tuple_of(2);
      case kTuple3:
        return tuple_of(3);
      case kDict:
        return dict_of_mark();
      case kAppend:
        MASKLET_TRY(need(2));
        return append_from(stack_.size() - 1);
      case kAppends:
      case kAddItems:
        return with_mark([this](std::size_t first) { return append_from(first); });
      case kSetItem:
        MASKLET_TRY(need(3));
        return set_from(stack_.size() - 2);
      case kSetItems:
        return with_mark([this](std::size_t first) { return set_from(first); });
      case kBinGet:
        return get<std::uint8_t>();
      case kLongBinGet:
        return get<std::uint32_t>();
      case kBinPut:
        return put<std::uint8_t>();
      case kLongBinPut:
        return put<std::uint32_t>();
      case kMemoize:
        return memoize(memo_.size());
      case kGlobal:
        return global();
      case kStackGlobal:
        return stack_global();
      case kReduce:
      case kNewObj:
        return call();
      case kBuild:
        return build();
      case kBinPersId:
        return persistent();
      default:
        return refuse(opcode);
    }
  }

  Error refuse(std::uint8_t opcode) const {
    for (const Refused& refused : kRefused) {
      if (refused.opcode != opcode) continue;
      return {ErrorCode::unsafe_pickle,
              "the checkpoint's pickle uses " + std::string(refused.name) + " at byte " +
                  std::to_string(opcode_at_) +
                  ", which no state dict needs; nothing was run. Save the state dict with "
                  "torch.save and its default protocol"};
    }
    return corrupt("no opcode has the value " + std::to_string(opcode));
  }

  // Reading operands.

  Status need_bytes(std::uint64_t count) const {
    if (count > bytes_.size() - at_) return corrupt("it is cut short");
    return {};
  }

  Status skip(std::uint64_t count) {
    MASKLET_TRY(need_bytes(count));
    at_ += static_cast<std::size_t>(count);
    return {};
  }

  template <class T>
  Result<T> operand() {
    MASKLET_TRY(need_bytes(sizeof(T)));
    const T value = load_little_endian<T>(bytes_, at_);
    at_ += sizeof(T);
    return value;
  }

  template <class Length>
  Result<std::string_view> counted() {
    MASKLET_ASSIGN(const Length length, operand<Length>());
    MASKLET_TRY(need_bytes(length));
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data() + at_),
                                static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return view;
  }

  /// Up to the newline, which is dropped.
  Result<std::string_view> line() {
    const char* const begin = reinterpret_cast<const char*>(bytes_.data());
    const char* const end = std::find(begin + at_, begin + bytes_.size(), '\n');
    if (end == begin + bytes_.size()) return corrupt("it is cut short");
    const std::string_view view(begin + at_, static_cast<std::size_t>(end - begin) - at_);
    at_ += view.size() + 1;
    return view;
  }

  // The stack. A mark keeps what lies below it out of reach.

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Status need(std::size_t count) const {
    if (stack_.size() - floor() < count) return corrupt("its stack holds too few values");
    return {};
  }

  Status push(PickleValue value) {
    stack_.push_back(value);
    return {};
  }

  /// Calls `use` with the index of the first value above the topmost mark, after removing the mark.
  template <class Use>
  Status with_mark(Use use) {
    if (marks_.empty()) return corrupt("it lacks a mark");
    const std::size_t first = marks_.back();
    marks_.pop_back();
    return use(first);
  }

  PickleItems take_from(std::size_t first) {
    PickleItems items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    return items;
  }

  Status pop() {
    if (!marks_.empty() && stack_.size() == floor()) {
      marks_.pop_back();
      return {};
    }
    MASKLET_TRY(need(1));
    stack_.pop_back();
    return {};
  }

  Status pop_mark() {
    return with_mark([this](std::size_t first) {
      stack_.resize(first);
      return Status();
    });
  }

  // Values.

  Status protocol() {
    MASKLET_ASSIGN(const std::uint8_t version, operand<std::uint8_t>());
    if (version < kFirstProtocol || version > kLastProtocol)
      return Error{ErrorCode::unsupported_file,
                   "the checkpoint's pickle has protocol " + std::to_string(version) +
                       "; masklet reads 2 to 5. Save it with torch.save's default"};
    return {};
  }

  template <class T>
  Status push_integer() {
    MASKLET_ASSIGN(const T value, operand<T>());
    return push({PickleKind::integer, static_cast<std::int64_t>(value)});
  }

  /// Little-endian two's complement. Longer than 64 bits are random seeds and such, of no use here.
  template <class Length>
  Status push_long() {
    MASKLET_ASSIGN(const std::string_view digits, counted<Length>());
    if (digits.size() > 8) return push(kOther);
    const bool negative = !digits.empty() && (static_cast<std::uint8_t>(digits.back()) & 0x80u);
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(digits[i]);
    return push({PickleKind::integer, static_cast<std::int64_t>(value)});
  }

  template <class Length>
  Status push_text() {
    MASKLET_ASSIGN(const std::string_view text, counted<Length>());
    return push(heap_.add(std::string(text)));
  }

  template <class Length>
  Status push_bytes() {
    MASKLET_ASSIGN(const std::string_view ignored, counted<Length>());
    static_cast<void>(ignored);
    return push(kOther);
  }

  Status collect(PickleKind kind) {
    return with_mark([&](std::size_t first) {
      PickleItems items = take_from(first);
      return push(kind == PickleKind::tuple ? heap_.add_tuple(std::move(items))
                                            : heap_.add_list(std::move(items)));
    });
  }

  Status tuple_of(std::size_t count) {
    MASKLET_TRY(need(count));
    PickleItems items = take_from(stack_.size() - count);
    return push(heap_.add_tuple(std::move(items)));
  }

  Status dict_of_mark() {
    return with_mark([this](std::size_t first) {
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(first), heap_.add(PickleDict()));
      return set_from(first + 1);
    });
  }

  /// Moves the values from `first` on into the list below them.
  Status append_from(std::size_t first) {
    if (first <= floor()) return corrupt("it appends to nothing");
    const PickleValue list = stack_[first - 1];
    if (list.kind != PickleKind::list) return corrupt("it appends to something that is no list");
    PickleItems& items = heap_.sequences[list.index()];
    items.insert(items.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first);
    return {};
  }

  /// Moves the keys and values from `first` on into the dict below them.
  Status set_from(std::size_t first) {
    if (first <= floor()) return corrupt("it sets items of nothing");
    const PickleValue target = stack_[first - 1];
    if (target.kind != PickleKind::dict) return corrupt("it sets items of something that is no dict");
    if ((stack_.size() - first) % 2 != 0) return corrupt("a key lacks its value");
    PickleDict& dict = heap_.dicts[target.index()];
    for (std::size_t i = first; i < stack_.size(); i += 2) dict.emplace_back(stack_[i], stack_[i + 1]);
    stack_.resize(first);
    return {};
  }

  template <class T>
  Status get() {
    MASKLET_ASSIGN(const T index, operand<T>());
    if (index >= memo_.size()) return corrupt("it recalls value " + std::to_string(index) + ", never kept");
    return push(memo_[index]);
  }

  template <class T>
  Status put() {
    MASKLET_ASSIGN(const T index, operand<T>());
    return memoize(index);
  }

  Status memoize(std::size_t index) {
    MASKLET_TRY(need(1));
    // Picklers number what they keep from 0 on, one opcode each; a larger number only wastes memory.
    if (index >= executed_) return corrupt("it keeps a value under number " + std::to_string(index));
    if (index >= memo_.size()) memo_.resize(index + 1, kOther);
    memo_[index] = stack_.back();
    return {};
  }

  // Names and calls.

  Status global() {
    MASKLET_ASSIGN(const std::string_view module, line());
    MASKLET_ASSIGN(const std::string_view name, line());
    MASKLET_ASSIGN(const PickleValue value, find_pickle_global(module, name));
    return push(value);
  }

  Status stack_global() {
    MASKLET_TRY(need(2));
    const PickleValue module = stack_[stack_.size() - 2], name = stack_.back();
    if (module.kind != PickleKind::text || name.kind != PickleKind::text) return corrupt("a name is no text");
    MASKLET_ASSIGN(const PickleValue value,
                   find_pickle_global(heap_.texts[module.index()], heap_.texts[name.index()]));
    stack_.resize(stack_.size() - 2);
    return push(value);
  }

  Status call() {
    MASKLET_TRY(need(2));
    MASKLET_ASSIGN(const PickleValue value,
                   call_pickle_global(heap_, stack_[stack_.size() - 2], stack_.back()));
    stack_.resize(stack_.size() - 2);
    return push(value);
  }

  /// Attributes of an OrderedDict (the `_metadata` of a state dict) or of a tensor; ignored.
  Status build() {
    MASKLET_TRY(need(2));
    const PickleKind kind = stack_[stack_.size() - 2].kind;
    if (kind != PickleKind::dict && kind != PickleKind::tensor) {
      return Error{ErrorCode::unsafe_pickle,
                   "the checkpoint's pickle sets the state of an object (BUILD at byte " +
                       std::to_string(opcode_at_) + ") that no state dict holds"};
    }
    stack_.pop_back();
    return {};
  }

  Status persistent() {
    MASKLET_TRY(need(1));
    MASKLET_ASSIGN(const PickleValue value, load_persistent(heap_, stack_.back()));
    stack_.back() = value;
    return {};
  }

  std::span<const std::byte> bytes_;
  std::size_t& at_;
  PickleHeap& heap_;
  std::size_t opcode_at_ = 0;
  std::size_t executed_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleValue> memo_;
};

}  // namespace

Result<PickleValue> run_pickle(std::span<const std::byte> bytes, std::size_t& position, PickleHeap& heap) {
  return Machine(bytes, position, heap).run();
}

}  // namespace masklet
