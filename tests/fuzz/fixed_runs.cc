// A stand-in for libFuzzer: RUNS mutations of the files in FOLDER, the same ones each time.
//
//   NAME_fuzz RUNS FOLDER     run mutations
//   NAME_fuzz FILE            run one input, e.g. one that failed
//
// The input at hand is written to NAME_fuzz.input before it runs, so that a crash leaves it there.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using yurt::SeededRandom;

constexpr std::size_t longest_input = 1U << 16;

std::string mutate(std::string text, const std::vector<std::string>& seeds, SeededRandom& random) {
  constexpr const char* tokens[] = {
      "{",    "}",   "[",    "]",    "\"",      ":",     ",",   "null",
      "true", "1e9", "-",    "${",   "%{",      "<<E\n", "=",   "\n",
      "\\u",  "0",   "\xff", "\xC3", "dynamic", "for",   "...", "99999999999999999999"};
  const auto place = [&] { return random.below(text.size() + 1); };
  for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
    const std::size_t at = place();
    const std::size_t length = std::min<std::size_t>(random.below(40), text.size() - at);
    switch (random.below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(at, tokens[random.below(std::size(tokens))]); break;
      case 3: text.insert(place(), text.substr(at, length)); break;
      case 4: {
        const std::string& other = seeds[random.below(seeds.size())];
        const std::size_t from = random.below(other.size() + 1);
        text.insert(at, other.substr(from, random.below(200)));
        break;
      }
      default: {
        const std::string piece = text.substr(at, 1 + length / 8);
        for (int i = 0; i < 200 && text.size() < longest_input; ++i) text.insert(at, piece);
      }
    }
  }
  text.resize(std::min(text.size(), longest_input));
  return text;
}

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) {
    run(yurt::read_file(argv[1]).value());
    return 0;
  }
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s RUNS FOLDER | FILE\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds{""};
  for (const auto& file : files) seeds.push_back(yurt::read_file(file).value());
  for (const std::string& seed : seeds) run(seed);

  const std::string last_input = std::string(argv[0]) + ".input";
  SeededRandom random(1);
  const long runs = std::strtol(argv[1], nullptr, 10);
  for (long i = 0; i < runs; ++i) {
    const std::string input = mutate(seeds[random.below(seeds.size())], seeds, random);
    std::FILE* file = std::fopen(last_input.c_str(), "wb");
    if (file == nullptr) return 1;
    std::fwrite(input.data(), 1, input.size(), file);
    std::fclose(file);
    run(input);
  }
  std::filesystem::remove(last_input);
  std::printf("%ld runs\n", runs);
  return 0;
}
