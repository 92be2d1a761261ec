#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/validate/validate.h"

namespace yurt::jobspec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> device_errors(const std::string& device,
                                       const std::string& name = "nvidia/gpu") {
  const model::Job parsed =
      job_with_defaults(task_job("resources {\ndevice \"" + name + "\" {\n" + device + "\n}\n}"));
  return error_messages(validate(parsed), parsed);
}

TEST(ValidateDevices, WholeOnesSlicesAndAlternatives) {
  EXPECT_THAT(device_errors("count = 2"), IsEmpty());
  EXPECT_THAT(device_errors("", "nvidia/gpu/NVIDIA A100/SXM"), IsEmpty());
  EXPECT_THAT(device_errors("share_devices {\nmemory = \"18GiB\"\nfraction = 0.25\nmax = 4\n}\n"
                            "first_available \"gpu\" {\ncount = 2\n}"),
              IsEmpty());
  EXPECT_THAT(device_errors("share_devices {\nenabled = false\n}"), IsEmpty());
}

TEST(ValidateDevices, Names) {
  for (const char* name : {"nvidia//A100", "/gpu", "nvidia/"}) {
    EXPECT_THAT(device_errors("", name), ElementsAre(HasSubstr("is no device's name"))) << name;
  }
  EXPECT_THAT(device_errors("first_available \"\" {\n}"),
              ElementsAre(HasSubstr("a device needs a name")));
}

TEST(ValidateDevices, SizesOfSlices) {
  const auto slice = [](const std::string& share) {
    return device_errors("share_devices {\n" + share + "\n}");
  };
  EXPECT_THAT(slice(""), ElementsAre(HasSubstr("needs memory, fraction or both")));
  EXPECT_THAT(slice("max = 2"), ElementsAre(HasSubstr("needs memory, fraction or both")));
  EXPECT_THAT(slice("memory = \"18\""),
              ElementsAre(AllOf(HasSubstr("the unit is missing"), HasSubstr("\"18GiB\""))));
  EXPECT_THAT(slice("memory = \"12 parsecs\""), ElementsAre(HasSubstr("no unit \"parsecs\"")));
  EXPECT_THAT(slice("memory = \"0GiB\""), ElementsAre(HasSubstr("memory must be above 0")));
  for (const char* fraction : {"0", "-0.5", "1.5"}) {
    EXPECT_THAT(slice(std::string("fraction = ") + fraction),
                ElementsAre(HasSubstr("above 0 (at least 0.000001) and at most 1")));
  }
  EXPECT_THAT(slice("fraction = 0.5\nmax = 0"), ElementsAre(HasSubstr("at least 1, not 0")));
}

TEST(ValidateDevices, AlternativesLikeTheBlockItself) {
  EXPECT_THAT(device_errors("first_available \"gpu\" {\ncount = 0\nshare_devices {\nmemory = "
                            "\"x\"\n}\n}"),
              ElementsAre(HasSubstr("count must be at least 1"),
                          HasSubstr("does not start with a number")));
  EXPECT_THAT(device_errors("first_available \"gpu\" {\naffinity {\nattribute = "
                            "\"$${device.model}\"\nvalue = \"A\"\nweight = 0\n}\n}"),
              ElementsAre(HasSubstr("weight must be")));
}

TEST(ValidateDevices, AtMost32CombinationsOfAlternatives) {
  std::string alternatives;
  for (int i = 0; i < 31; ++i) alternatives += "first_available \"gpu\" {\n}\n";
  EXPECT_THAT(device_errors(alternatives), IsEmpty());
  EXPECT_THAT(device_errors(alternatives + "first_available \"gpu\" {\n}\n"),
              ElementsAre(HasSubstr("33 combinations; at most 32 are tried")));
}

TEST(ValidateDevices, OfADispatchByThemselves) {
  google::protobuf::RepeatedPtrField<model::RequestedDevice> devices;
  devices.Add()->set_name("gpu");
  devices[0].set_count(1);
  EXPECT_TRUE(check_devices(devices).ok());
  devices[0].mutable_share_devices()->set_memory("1 parsec");
  ASSERT_FALSE(check_devices(devices).ok());
  EXPECT_THAT(check_devices(devices).error().message,
              HasSubstr("device[0].share_devices.memory: \"1 parsec\""));
}

}  // namespace
}  // namespace yurt::jobspec
