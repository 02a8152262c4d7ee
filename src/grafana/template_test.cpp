#include "grafana/template.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pv::grafana {
namespace {

using Json = nlohmann::json;

Json filled(const Json& tree, const Filling& filling) {
  const auto result = fill(tree.dump(), filling, "t.json");
  if (!result) {
    ADD_FAILURE() << result.error().message();
    return {};
  }
  return Json::parse(*result);
}

std::string error_of(const Json& tree, const Filling& filling) {
  const auto result = fill(tree.dump(), filling, "t.json");
  if (result) return "no error: " + *result;
  EXPECT_EQ(result.error().kind(), Errc::invalid_input);
  return result.error().message();
}

TEST(Template, EachTypeGivesWhatItSays) {
  const Json tree = {{"title", "${powerview:text company}"},
                     {"both", "of ${powerview:text company} – every ${powerview:number step} s"},
                     {"step", "${powerview:number step}"},
                     {"half", "${powerview:number half}"},
                     {"tags", "${powerview:list tags}"},
                     {"query", "from(bucket: ${powerview:flux-string company})"},
                     {"other", "${device:regex} ${__field.labels.x} $x"}};
  const Json result =
      filled(tree, {{"company", "a"}, {"step", 600.0}, {"half", 0.5}, {"tags", std::vector<std::string>{"x", "y\"z"}}, {"unused", "u"}});
  EXPECT_EQ(result, (Json{{"title", "a"},
                          {"both", "of a – every 600 s"},
                          {"step", 600},
                          {"half", 0.5},
                          {"tags", {"x", "y\"z"}},
                          {"query", "from(bucket: \"a\")"},
                          {"other", "${device:regex} ${__field.labels.x} $x"}}));
}

TEST(Template, AValueNeverBecomesMarkup) {
  const Json tree = {{"title", "${powerview:text name} and ${powerview:text other}"}, {"query", "f(${powerview:flux-string name})"}};
  for (const std::string name : {"a\"b", "${x}", "${powerview:text other}", "\\", "\n\t\x01", "{{x}}", "é€𝄞", "v.bucket", "[[device]]",
                                 "/* */ //"}) {
    const Json result = filled(tree, {{"name", name}, {"other", "o"}});
    EXPECT_EQ(result["title"], name + " and o");
    EXPECT_EQ(result["query"], "f(" + flux_string(name) + ")");
  }
}

TEST(Template, AFluxLiteralHoldsNothingThatFluxOrGrafanaWouldExpand) {
  EXPECT_EQ(flux_string("Camp A-1_é"), "\"Camp A-1_é\"");
  EXPECT_EQ(flux_string("a\"b\\"), R"("a\x22b\x5c")");
  EXPECT_EQ(flux_string("${x}"), R"("\x24\x7bx\x7d")");
  EXPECT_EQ(flux_string("v.bucket"), R"("v\x2ebucket")");
  EXPECT_EQ(flux_string("[[x]]\n"), R"("\x5b\x5bx\x5d\x5d\x0a")");
}

TEST(Template, WhatIsWrongIsNamedWithItsPlace) {
  const Filling filling = {{"name", "a"},
                           {"step", 1.0},
                           {"tags", std::vector<std::string>{"x"}},
                           {"bad", "\xff"},
                           {"endless", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(error_of({{"panels", {1, {{"title", "${powerview:text nmae}"}}}}}, filling),
            "template t.json: panels[1].title: there is no value \"nmae\"");
  EXPECT_NE(error_of({{"a", "${powerview:string name}"}}, filling).find("a: \"string\" is no type of placeholder"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:number name}"}}, filling).find("the value \"name\" is a text"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:text step}"}}, filling).find("is a number"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:list name}"}}, filling).find("is a text"), std::string::npos);
  EXPECT_NE(error_of({{"a", "x ${powerview:list tags}"}}, filling).find("must be the whole text"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:text}"}}, filling).find("not written as a placeholder"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:text name"}}, filling).find("not written as a placeholder"), std::string::npos);
  EXPECT_NE(error_of({{"${powerview:text name}", 1}}, filling).find("in the name of the member"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:text bad}"}}, filling).find("not UTF-8"), std::string::npos);
  EXPECT_NE(error_of({{"a", "${powerview:number endless}"}}, filling).find("not finite"), std::string::npos);
  EXPECT_NE(error_of(Json::array(), filling).find("no JSON object"), std::string::npos);
}

TEST(Template, AQueryTakesNoBareText) {
  for (const char* name : {"query", "definition", "rawQuery"}) {
    EXPECT_NE(error_of({{name, "from(bucket: \"${powerview:text name}\")"}}, {{"name", "a"}}).find("flux-string name"), std::string::npos) << name;
  }
  EXPECT_NE(error_of({{"query", {{"query", "${powerview:text name}"}}}}, {{"name", "a"}}).find("query.query"), std::string::npos);
}

}  // namespace
}  // namespace pv::grafana
