// What is asked of Slurm, by answers as Slurm 22.05 gives them; what is handed to it.
#include "core/campaign/slurm.h"

#include <gmock/gmock.h>

#include <map>

#include "core/base/error.h"
#include "tests/support/data.h"

namespace brickline::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers by the first words; each has a queue, the last of which stays.
struct Answers {
  std::map<std::string, std::vector<CommandResult>> of;
  std::vector<std::string> asked;
  CommandRunner runner() {
    return [this](const std::vector<std::string>& words) {
      asked.push_back(words[0]);
      std::string key = words[0];
      if (key == "scontrol") key += " " + words[2];
      auto& queue = of[key];
      if (queue.empty()) return CommandResult{127, "", "no such command"};
      CommandResult next = queue.front();
      if (queue.size() > 1) queue.erase(queue.begin());
      return next;
    };
  }
};

Answers small_cluster() {
  Answers a;
  a.of["scontrol config"] = {{0,
                              "Configuration data as of 2026-01-01T00:00:00\n"
                              "MaxArraySize            = 11\n"
                              "MaxJobCount             = 200\n"
                              "MessageTimeout          = 5 sec\n",
                              ""}};
  a.of["sinfo"] = {{0,
                    "small|up|1:00|4000|2\n"
                    "large|up|1-12:00:00|4000+|2\n"
                    "large|up|1-12:00:00|8000|4\n"
                    "closed|down|infinite|64000|8\n",
                    ""}};
  a.of["scontrol partition"] = {
      {0,
       "PartitionName=small AllowGroups=ALL MaxTime=00:01:00 MaxMemPerNode=600 State=UP\n"
       "PartitionName=large AllowGroups=ALL MaxTime=UNLIMITED MaxMemPerNode=UNLIMITED State=UP\n"
       "PartitionName=closed AllowGroups=ALL MaxMemPerNode=UNLIMITED State=DOWN\n",
       ""}};
  return a;
}

TEST(Slurm, TimesAreReadInAllTheirForms) {
  EXPECT_EQ(slurm_seconds("90"), 5400);
  EXPECT_EQ(slurm_seconds("1:00"), 60);
  EXPECT_EQ(slurm_seconds("2:03:04"), 7384);
  EXPECT_EQ(slurm_seconds("1-02"), 93600);
  EXPECT_EQ(slurm_seconds("1-02:03:04"), 93784);
  EXPECT_EQ(slurm_seconds("infinite"), 0);
  EXPECT_EQ(slurm_seconds("UNLIMITED"), 0);
  EXPECT_FALSE(slurm_seconds("soon"));
}

TEST(Slurm, LimitsOfTheClusterAreAskedFor) {
  Answers answers = small_cluster();
  const Cluster cluster = ask_cluster(answers.runner());
  EXPECT_EQ(cluster.max_array_size, 11);
  EXPECT_EQ(cluster.max_job_count, 200);
  ASSERT_EQ(cluster.partitions.size(), 3u);
  EXPECT_EQ(cluster.partitions[0].time_seconds, 60);
  EXPECT_EQ(cluster.partitions[0].memory_mb, 629);  // 600 MiB
  EXPECT_EQ(cluster.partitions[1].memory_mb, 8388);
  EXPECT_FALSE(cluster.partitions[2].is_up);
}

TEST(Slurm, ThePartitionIsTheSmallestThatIsUpAllowedAndLargeEnough) {
  Answers answers = small_cluster();
  const Cluster cluster = ask_cluster(answers.runner());
  Site site;
  EXPECT_EQ(choose_partition(cluster, site, 500)->name, "small");
  EXPECT_EQ(choose_partition(cluster, site, 700)->name, "large");
  EXPECT_EQ(choose_partition(cluster, site, 9000), nullptr);
  site.partitions = {"large"};
  EXPECT_EQ(choose_partition(cluster, site, 500)->name, "large");
}

TEST(Slurm, AScriptAsksForWhatItsTasksNeed) {
  Site site;
  site.cpus_per_task = 4;
  site.account = "m1";
  site.directives = {"--exclusive"};
  site.setup = {"module load x"};
  site.scratch = "/a b";
  Round round;
  round.number = 7;
  Job job;
  job.name = "n";
  job.partition = "large";
  job.first_task = 11;
  job.tasks = 5;
  const std::string text = array_script({"/p"}, "/bin/it's", site, round, job, 1000, 3540);
  for (const char* line :
       {"#SBATCH --array=0-4\n", "#SBATCH --mem=1001M\n", "#SBATCH --time=59\n",
        "#SBATCH --signal=B:USR1@120\n", "#SBATCH --cpus-per-task=4\n", "#SBATCH --account=m1\n",
        "#SBATCH --partition=large\n", "#SBATCH --requeue\n", "#SBATCH --exclusive\n",
        "#SBATCH --output=\"/p/rounds/000/000007/slurm-000011/%a.out\"\n", "module load x\n",
        "export TMPDIR='/a b'\n",
        "exec '/bin/it'\\''s' task '/p' --round 7 --index $((11 + SLURM_ARRAY_TASK_ID)) --threads 4\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("--qos")));
}

TEST(Slurm, AJobWhoseAnswerWasLostIsNotSubmittedTwice) {
  Answers answers;
  answers.of["sbatch"] = {
      {1, "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"}};
  answers.of["squeue"] = {{1, "", "slurm_load_jobs error: Unable to contact slurm controller"},
                          {0, "41 other\n42 mine\n", ""}};
  EXPECT_EQ(submit_script(answers.runner(), "s", "mine", 60), 42);
  EXPECT_EQ(std::count(answers.asked.begin(), answers.asked.end(), "sbatch"), 2);
}

TEST(Slurm, ARefusalIsToldAtOnceInItsWords) {
  Answers answers;
  answers.of["sbatch"] = {{1, "", "sbatch: error: invalid partition specified: nowhere"}};
  try {
    submit_script(answers.runner(), "s", "mine", 60);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.line(), HasSubstr("nowhere"));
  }
  EXPECT_EQ(answers.asked.size(), 1u);
}

}  // namespace
}  // namespace brickline::test
