#include "core/pipeline/run_header.h"

#include "core/model/simd.h"
#include "core/survey/provenance.h"
#include "core/survey/survey_identity.h"

namespace brickline {

fits::Header run_header(const RunContext& run, const ReleaseOptions& release, const Target& target,
                        const std::vector<std::filesystem::path>& ccd_files,
                        const std::vector<std::string>& all_bands, const std::vector<std::string>& bands,
                        const std::vector<CcdRow>& used) {
  std::vector<Dependency> dependencies;
  for (const Camera* camera : run.cameras.loaded()) {
    const CameraProvenance& p = camera->provenance();
    dependencies.push_back({"camera_" + p.camera, p.plugin + " " + p.plugin_version});
    dependencies.push_back({"camera_" + p.camera + "_sha256", p.file_sha256});
    dependencies.push_back({"camera_" + p.camera + "_facts", p.facts_sha256});
  }
  SurveyIdentity identity = read_survey_identity(run.survey);
  identity.release = release.release;
  if (!release.survey_name.empty()) identity.survey = release.survey_name;
  if (!release.data_release.empty()) identity.data_release = release.data_release;
  fits::Header header = version_header(identity, dependencies, run.command_line, simd_level_name());
  add_brick_cards(header, target);
  add_ccd_cards(header, ccd_files, all_bands, bands, used);
  return header;
}

}  // namespace brickline
