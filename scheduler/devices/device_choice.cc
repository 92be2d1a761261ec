#include "scheduler/devices/device_choice.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "scheduler/devices/fragmentation.h"

namespace yurt::scheduler {
namespace {

// So many options are tried on one node before the search gives up.
constexpr int most_steps = 2000;

struct Place {
  int group, instance;
  auto operator<=>(const Place&) const = default;
};

class DeviceSearch {
 public:
  DeviceSearch(std::span<const DeviceAsk> asks, const model::Node& node, const NodeDevices& devices,
               const DeviceRooms& rooms)
      : asks_(asks), devices_(devices), rooms_(rooms), taken_(asks.size()) {
    for (const DeviceAsk& ask : asks) {
      auto& affinities = affinities_.emplace_back();
      for (const auto& device : node.node_resources().devices()) {
        const bool matches = ask.request.matches(device);
        affinities.push_back(matches ? std::optional(ask.request.affinity_sum(device))
                                     : std::nullopt);
      }
      chooses_instances_ = chooses_instances_ || ask.request.chooses_instances();
    }
    order_.resize(asks.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (asks.size() == 1) return;
    std::vector<Difficulty> difficulties;
    for (std::size_t a = 0; a < asks.size(); ++a) difficulties.push_back(difficulty(a));
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return difficulties[a] < difficulties[b];
    });
  }

  std::variant<DeviceChoice, DeviceLack> run() {
    const DeviceRooms before = rooms_;
    if (!serve(0)) return lack_ == DeviceLack::nothing ? DeviceLack::device : lack_;
    DeviceChoice choice;
    double met = 0, total = 0;
    for (std::size_t a = 0; a < asks_.size(); ++a) {
      std::vector<Place> places = taken_[a];
      std::sort(places.begin(), places.end());
      double sum = 0;
      for (const Place& place : places) {
        if (choice.granted.empty() || choice.granted.back().ask != a ||
            choice.granted.back().device != place.group) {
          choice.granted.push_back({a, place.group, {}});
        }
        choice.granted.back().instances.push_back(instance(place).id);
        sum += *affinities_[a][static_cast<std::size_t>(place.group)];
      }
      const DeviceRequest& request = asks_[a].request;
      if (!request.has_affinities()) continue;
      met += sum / static_cast<double>(places.size());
      total += request.weight_total();
    }
    choice.affinity = total > 0 ? met / total : 0;
    for (std::size_t g = 0; g < rooms_.size(); ++g) {
      if (rooms_[g] == before[g]) continue;
      choice.added_fragmentation += fragmentation(rooms_[g]) - fragmentation(before[g]);
    }
    return choice;
  }

 private:
  [[nodiscard]] const NodeDevices::Instance& instance(const Place& place) const {
    return devices_
        .groups[static_cast<std::size_t>(place.group)][static_cast<std::size_t>(place.instance)];
  }
  DeviceRoom& room(const Place& place) {
    return rooms_[static_cast<std::size_t>(place.group)][static_cast<std::size_t>(place.instance)];
  }

  // Whole devices first, then what has the fewest spare places, then the larger slices.
  using Difficulty = std::tuple<bool, std::int64_t, std::int64_t, std::int64_t>;
  [[nodiscard]] Difficulty difficulty(std::size_t a) {
    const DeviceRequest& request = asks_[a].request;
    const auto places = static_cast<std::int64_t>(places_for(a).size());
    return {!request.size().whole(), places - static_cast<std::int64_t>(request.count()),
            -request.size().fraction_millionths, -request.size().memory_mib};
  }

  [[nodiscard]] bool of_same_task(std::size_t a, const Place& place) const {
    for (std::size_t other = 0; other < asks_.size(); ++other) {
      if (other == a || asks_[other].task != asks_[a].task) continue;
      const auto& places = taken_[other];
      if (std::find(places.begin(), places.end(), place) != places.end()) return true;
    }
    return false;
  }

  // The instances that can take the request's part now; notes why others can't.
  std::vector<Place> places_for(std::size_t a, DeviceLack* closest = nullptr) {
    const DeviceRequest& request = asks_[a].request;
    std::vector<Place> places;
    for (std::size_t g = 0; g < rooms_.size(); ++g) {
      if (!affinities_[a][g]) continue;
      for (std::size_t i = 0; i < rooms_[g].size(); ++i) {
        const NodeDevices::Instance& known = devices_.groups[g][i];
        const Place place{static_cast<int>(g), static_cast<int>(i)};
        if (!known.healthy || !request.allows(known.id) || of_same_task(a, place)) continue;
        const DeviceLack lack = rooms_[g][i].lack(request.size());
        if (lack == DeviceLack::nothing) {
          places.push_back(place);
        } else if (closest != nullptr) {
          // A device that lacks only memory is nearer than one that is taken.
          if (*closest == DeviceLack::nothing || *closest == DeviceLack::device) *closest = lack;
        }
      }
    }
    return places;
  }

  // What taking the slice from this device adds to the fragmentation of its group.
  [[nodiscard]] double cost_of(const Place& place, const DeviceSize& size) {
    auto& group = rooms_[static_cast<std::size_t>(place.group)];
    const double before = fragmentation(group);
    DeviceRoom& one = room(place);
    const DeviceRoom kept = one;
    one.take(size);
    const double after = fragmentation(group);
    one = kept;
    return after - before;
  }

  // The ways to serve the request, the preferred first; equal ones once.
  std::vector<std::vector<Place>> options_for(std::size_t a) {
    const DeviceRequest& request = asks_[a].request;
    const auto count = static_cast<std::size_t>(request.count());
    DeviceLack closest = DeviceLack::nothing;
    std::vector<Place> places = places_for(a, &closest);
    if (places.size() < count) {
      if (lack_ == DeviceLack::nothing) lack_ = closest;
      return {};
    }
    struct Rated {
      Place place;
      double affinity, cost;
      std::int64_t capacity, left;
    };
    std::vector<Rated> rated;
    for (const Place& place : places) {
      const DeviceRoom& one = room(place);
      rated.push_back({place, *affinities_[a][static_cast<std::size_t>(place.group)],
                       request.size().whole() ? 0 : cost_of(place, request.size()),
                       one.capacity_mib, one.memory_mib});
    }
    // Equal fragmentation: the smaller device, then the fuller one.
    std::stable_sort(rated.begin(), rated.end(), [](const Rated& x, const Rated& y) {
      return std::tuple(-x.affinity, x.cost, x.capacity, x.left) <
             std::tuple(-y.affinity, y.cost, y.capacity, y.left);
    });
    std::vector<std::vector<Place>> options;
    const auto add = [&](std::vector<Place> option) {
      if (std::find(options.begin(), options.end(), option) == options.end()) {
        options.push_back(std::move(option));
      }
    };
    if (count == 1) {
      for (std::size_t i = 0; i < rated.size(); ++i) {
        const Place& place = rated[i].place;
        const bool alike = std::any_of(
            rated.begin(), rated.begin() + static_cast<long>(i), [&](const Rated& earlier) {
              return earlier.place.group == place.group && room(earlier.place) == room(place) &&
                     !chooses_instances_;
            });
        if (!alike) add({place});
      }
      return options;
    }
    // All of one model, in the order in which the models come up; then whatever comes first.
    for (const Rated& first : rated) {
      std::vector<Place> option;
      for (const Rated& one : rated) {
        if (option.size() < count && one.place.group == first.place.group) {
          option.push_back(one.place);
        }
      }
      if (option.size() == count) add(std::move(option));
    }
    std::vector<Place> mixed;
    for (std::size_t i = 0; i < count; ++i) mixed.push_back(rated[i].place);
    add(std::move(mixed));
    return options;
  }

  bool serve(std::size_t position) {
    if (position == order_.size()) return true;
    const std::size_t a = order_[position];
    for (std::vector<Place>& option : options_for(a)) {
      if (++steps_ > most_steps) return false;
      std::vector<DeviceRoom> kept;
      for (const Place& place : option) {
        kept.push_back(room(place));
        room(place).take(asks_[a].request.size());
      }
      taken_[a] = std::move(option);
      if (serve(position + 1)) return true;
      for (std::size_t i = 0; i < kept.size(); ++i) room(taken_[a][i]) = kept[i];
      taken_[a].clear();
    }
    return false;
  }

  std::span<const DeviceAsk> asks_;
  const NodeDevices& devices_;
  DeviceRooms rooms_;
  std::vector<std::vector<std::optional<double>>> affinities_;  // by ask and group; none: no match
  std::vector<std::size_t> order_;
  std::vector<std::vector<Place>> taken_;
  bool chooses_instances_ = false;
  int steps_ = 0;
  DeviceLack lack_ = DeviceLack::nothing;  // of the first request that found too little
};

}  // namespace

std::variant<DeviceChoice, DeviceLack> choose_devices(std::span<const DeviceAsk> asks,
                                                      const model::Node& node,
                                                      const NodeDevices& devices,
                                                      const DeviceRooms& rooms) {
  return DeviceSearch(asks, node, devices, rooms).run();
}

std::string missing_devices(std::span<const DeviceAsk> asks, const model::Node& node) {
  const NodeDevices devices = node_devices(node);
  const auto serves = [&](bool shares) {
    DeviceRooms rooms;
    for (const auto& group : devices.groups) {
      auto& of_group = rooms.emplace_back();
      for (const auto& one : group) of_group.push_back(room_of({}, one.memory_mib, shares));
    }
    auto choice = choose_devices(asks, node, devices, rooms);
    const auto* lack = std::get_if<DeviceLack>(&choice);
    return lack == nullptr ? DeviceLack::nothing : *lack;
  };
  const DeviceLack lack = serves(devices.shares);
  if (lack == DeviceLack::nothing) return "";
  if (lack == DeviceLack::memory) return "missing devices with enough memory";
  if (!devices.shares && serves(true) == DeviceLack::nothing) {
    return "missing devices: sharing is off on the node";
  }
  return "missing devices";
}

}  // namespace yurt::scheduler
