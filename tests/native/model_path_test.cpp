#include "native/host/model_path.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/native/clip_files.h"

namespace fs = std::filesystem;
using namespace masklet::native;
using masklet::native::testing::TemporaryFolder;
using masklet::native::testing::write_all;

namespace {

/// The working directory is a folder of its own while this lives.
class WorkingFolder {
 public:
  WorkingFolder() { fs::current_path(folder_ / ""); }
  ~WorkingFolder() { fs::current_path(before_); }

 private:
  const fs::path before_ = fs::current_path();
  const TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("model path: a folder that is only called like a shipped model does not hide it") {
  WorkingFolder folder;
  const std::string shipped = *find_model("nano");
  CHECK(shipped != "nano");
  CHECK(fs::exists(fs::path(shipped) / "model.safetensors"));

  fs::create_directory("nano");
  CHECK(*find_model("nano") == shipped);
  CHECK(*find_model("./nano") == "./nano");

  write_all("nano/model.safetensors", "");
  CHECK(*find_model("nano") == "nano");
}

TEST_CASE("model path: what is nowhere is an error that says where it was looked for") {
  WorkingFolder folder;
  const auto absent = find_model("huge");
  REQUIRE(!absent.ok());
  CHECK(absent.error().message.find("'huge'") != std::string::npos);
  CHECK(absent.error().message.find("nano") != std::string::npos);

  // A folder without weights is left to the loader, which says what it lacks.
  fs::create_directory("huge");
  CHECK(*find_model("huge") == "huge");
}
