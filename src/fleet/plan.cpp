#include "fleet/plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "fleet/fleet.h"

namespace pv::fleet {
namespace {

constexpr unsigned kColumnsPerDevice = 6;

struct CampaignTemplate {
  std::string_view name;
  Schedule schedule;
};

struct CompanyTemplate {
  std::string_view name;
  std::array<CampaignTemplate, 3> campaigns;
};

constexpr std::array<CompanyTemplate, 10> kCompanies = {{
    {"atelier-durand",
     {{{"atelier", Schedule::workshop}, {"Bâtiment A", Schedule::office}, {"cabine de peinture", Schedule::workshop}}}},
    {"mairie-de-saint-aubin",
     {{{"Ecole Jules Ferry", Schedule::school}, {"Hôtel de ville", Schedule::office}, {"salle des fêtes", Schedule::home}}}},
    {"boulangerie-lefevre",
     {{{"fournil", Schedule::workshop}, {"boutique rue Pasteur", Schedule::office}, {"logement", Schedule::home}}}},
    {"cave-des-trois-monts",
     {{{"chai", Schedule::workshop}, {"caveau de dégustation", Schedule::office}, {"bureaux", Schedule::office}}}},
    {"garage-moulin",
     {{{"mécanique", Schedule::workshop}, {"carrosserie", Schedule::workshop}, {"showroom", Schedule::office}}}},
    {"residence-les-tilleuls",
     {{{"Bâtiment B", Schedule::home}, {"chaufferie", Schedule::home}, {"parties communes", Schedule::home}}}},
    {"college-louise-michel",
     {{{"demi-pension", Schedule::school}, {"gymnase", Schedule::school}, {"salles de sciences", Schedule::school}}}},
    {"menuiserie-perrin",
     {{{"atelier bois", Schedule::workshop}, {"séchoir", Schedule::workshop}, {"bureau d'études", Schedule::office}}}},
    {"clinique-du-parc",
     {{{"bloc opératoire", Schedule::workshop}, {"cuisine centrale", Schedule::school}, {"accueil", Schedule::office}}}},
    {"ferme-de-la-vallee",
     {{{"salle de traite", Schedule::home}, {"fromagerie", Schedule::workshop}, {"hangar solaire", Schedule::home}}}},
}};

/// What the slaves of a logger measure, dealt out in shuffled order: of thirty columns about eleven read 0.0, sixteen
/// what they read before, three below zero.
constexpr std::array<Load, 24> kDeck = {
    Load::unused,  Load::unused,  Load::unused,  Load::unused,     Load::unused,      Load::unused,
    Load::standby, Load::standby, Load::standby, Load::offset,     Load::offset,      Load::fridge,
    Load::office,  Load::office,  Load::office,  Load::lighting,   Load::outdoor,     Load::compressor,
    Load::boiler,  Load::machine, Load::heating, Load::ventilation, Load::ventilation, Load::solar,
};

constexpr std::array<Load, 5> kMasterWithoutMains = {Load::office, Load::standby, Load::unused, Load::lighting, Load::fridge};
constexpr std::array<Load, 5> kMonoWithMains = {Load::mains, Load::office, Load::fridge, Load::unused, Load::lighting};

/// What an installer types; empty where nobody types anything.
constexpr std::string_view title_of(Load load) {
  switch (load) {
    case Load::standby: return "Baie info";
    case Load::fridge: return "Frigo";
    case Load::office: return "Prises";
    case Load::lighting: return "Eclairage";
    case Load::outdoor: return "Enseigne";
    case Load::compressor: return "Compresseur";
    case Load::boiler: return "Ballon ECS";
    case Load::machine: return "Machine";
    case Load::heating: return "PAC";
    case Load::ventilation: return "VMC";
    case Load::reversed: return "Pompe";
    case Load::solar: return "Solaire";
    case Load::mains: return "Général";
    case Load::voltage:
    case Load::unused:
    case Load::offset: break;
  }
  return {};
}

class Deck {
 public:
  Deck(std::uint64_t seed, Load last) : random_(seed), last_(last) {}

  Load deal() {
    if (left_ == 0) {
      cards_ = kDeck;
      cards_.back() = last_;
      for (std::size_t i = cards_.size() - 1; i > 0; --i) {
        std::swap(cards_[i], cards_[static_cast<std::size_t>(random_.below(static_cast<std::int32_t>(i + 1)))]);
      }
      left_ = cards_.size();
    }
    return cards_[--left_];
  }

 private:
  Random random_;
  Load last_;
  std::array<Load, kDeck.size()> cards_{};
  std::size_t left_ = 0;
};

std::string company_name(unsigned company) {
  const auto count = static_cast<unsigned>(kCompanies.size());
  const std::string_view name = kCompanies[company % count].name;
  return company < count ? std::string(name) : fmt::format("{}-{}", name, company / count + 1);
}

void add_voltages(LoggerPlan& plan, unsigned channels) {
  for (unsigned phase = 0; phase < plan.phases && plan.channels.size() < channels; ++phase) {
    plan.channels.push_back({plan.serial, fmt::format("Ph {} V", phase + 1), Load::voltage, phase});
  }
}

Load master_load(const LoggerPlan& plan, bool has_mains, unsigned input) {
  if (!has_mains) return kMasterWithoutMains[input];
  return plan.phases == 3 ? Load::mains : kMonoWithMains[input];
}

}  // namespace

LoggerPlan plan_logger(const FleetOptions& options, unsigned company, unsigned logger) {
  const unsigned index = company * options.loggers + logger;
  const CompanyTemplate& model = kCompanies[company % kCompanies.size()];
  const unsigned campaigns = std::min(3U, (options.loggers + 1) / 2);
  const CampaignTemplate& campaign = model.campaigns[std::size_t{logger} * campaigns / options.loggers];

  LoggerPlan plan;
  plan.company = company_name(company);
  plan.campaign = campaign.name;
  plan.schedule = campaign.schedule;
  plan.serial = fmt::format("0200{:04}", 1000 + (101 + index * 13) % 8191);
  plan.dialect = index % 2 == 0 ? Dialect::bare : Dialect::wrapped;
  plan.phases = options.channels < 4 || index % 3 == 2 ? 1 : 3;
  plan.seed = seed_of(options.seed, index);
  plan.has_unset_clock = index % 3 == 1;
  plan.has_silent_day = logger == (company + 2) % options.loggers;

  const bool has_mains = index % 4 != 3;
  const bool has_titles = index % 2 == 1 || index % 4 == 0;
  add_voltages(plan, options.channels);
  Deck deck(seed_of(plan.seed, 1), index % 2 == 0 ? Load::solar : Load::reversed);
  const unsigned slaves_each = (options.channels - 1) / kColumnsPerDevice;
  std::string serial = plan.serial;
  while (plan.channels.size() < options.channels) {
    const auto column = static_cast<unsigned>(plan.channels.size());
    const unsigned device = column / kColumnsPerDevice;
    if (device > 0 && column % kColumnsPerDevice == 0) {
      const std::uint64_t slave = std::uint64_t{index} * slaves_each + device - 1;
      serial = fmt::format("04{:06}", (466 + slave * 17) % 999'983);
    }
    const unsigned input = device == 0 ? column - plan.phases : column % kColumnsPerDevice;
    const Load load = device == 0 ? master_load(plan, has_mains, input) : deck.deal();
    const std::string_view typed = has_titles ? title_of(load) : std::string_view{};
    const std::string title = typed.empty() ? fmt::format("Voie{} W", input + 1)
                              : load == Load::mains && plan.phases == 3
                                  ? fmt::format("{} L{} W", typed, input + 1)
                                  : fmt::format("{} W", typed);
    plan.channels.push_back({serial, title, load, column % plan.phases});
  }
  return plan;
}

}  // namespace pv::fleet
