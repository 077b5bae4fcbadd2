#include "core/budget/memory_account.h"

#include <catch2/catch.hpp>

using namespace masklet;

namespace {

constexpr auto kTrack = MemoryCategory::track_store;
constexpr auto kFrames = MemoryCategory::frames;

}  // namespace

TEST_CASE("Charges count while they live, and their peaks stay") {
  MemoryAccount account(nullptr);
  {
    MemoryCharge track(account, kTrack, "the track store"), frames(account, kFrames, "pictures");
    REQUIRE(track.resize(100).ok());
    REQUIRE(frames.resize(50).ok());
    REQUIRE(track.resize(30).ok());
    const MemoryReport report = account.report();
    CHECK(report.total.current == 80);
    CHECK(report.total.peak == 150);
    CHECK(report[kTrack].current == 30);
    CHECK(report[kTrack].peak == 100);
    CHECK(report[kFrames].current == 50);
  }
  CHECK(account.report().total.current == 0);
  CHECK(account.report()[kTrack].current == 0);
  CHECK(account.report()[kTrack].peak == 100);
}

TEST_CASE("A charge that moves is counted once") {
  MemoryAccount account(nullptr);
  MemoryCharge first(account, kTrack, "a");
  first.set(40);
  MemoryCharge second(std::move(first));
  CHECK(account.report().total.current == 40);
  MemoryCharge third(account, kTrack, "b");
  third.set(2);
  third = std::move(second);
  second = MemoryCharge();
  CHECK(account.report().total.current == 40);
  third = MemoryCharge();
  CHECK(account.report().total.current == 0);
}

TEST_CASE("Over the limit a charge is refused, naming who asks for how much, and nothing changes") {
  MemoryAccount account(1 << 20);
  MemoryCharge track(account, kTrack, "the track store"), frames(account, kFrames, "pictures");
  REQUIRE(track.resize(768 << 10).ok());
  const Status refused = frames.resize(512 << 10);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::out_of_memory);
  CHECK(refused.error().message.find("pictures asks for 512 KiB; of the memory limit of 1 MiB 768 KiB are in use "
                                     "(track store 768 KiB)") == 0);
  CHECK(frames.bytes() == 0);
  CHECK(account.report().total.current == 768 << 10);
  CHECK(frames.resize(256 << 10).ok());
  CHECK(frames.resize(255 << 10).ok());
  SECTION("what is there already is counted in any case") {
    frames.set(1 << 20);
    CHECK(account.report().total.current == (1 << 20) + (768 << 10));
    CHECK(frames.resize(1 << 19).ok());  // less is never refused
  }
}

TEST_CASE("What is reserved for moments is left free") {
  MemoryAccount account(1000);
  account.reserve(300);
  MemoryCharge track(account, kTrack, "the track store");
  CHECK_FALSE(track.resize(701).ok());
  REQUIRE(track.resize(700).ok());
  account.touch(MemoryCategory::activations, 250);
  CHECK(account.report().total.current == 700);
  CHECK(account.report().total.peak == 950);
  CHECK(account.report()[MemoryCategory::activations].peak == 250);
}

TEST_CASE("A part's charges are the whole's, whose limit counts") {
  MemoryAccount whole(1000);
  MemoryAccount one(&whole), other(&whole);
  {
    MemoryCharge a(one, kTrack, "one"), b(other, kTrack, "other");
    REQUIRE(a.resize(600).ok());
    CHECK_FALSE(b.resize(500).ok());
    CHECK(other.report().total.current == 0);
    REQUIRE(b.resize(400).ok());
    CHECK(one.report().total.current == 600);
    CHECK(other.report().total.current == 400);
    CHECK(whole.report().total.current == 1000);
  }
  CHECK(whole.report().total.current == 0);
  CHECK(whole.report().total.peak == 1000);
}
