"""Completion, asked the way a shell asks: words before the cursor, then TAB."""

import subprocess

import pytest

from harness.binary import run


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The file of each shell's completion."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh"):
        (folder / shell).write_text(run("completion", shell).stdout)
    return folder


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_it_is_a_script_of_that_shell(scripts, shell):
    check = subprocess.run([shell, "-n", scripts / shell], capture_output=True, text=True,
                           check=False)
    assert check.returncode == 0 and check.stderr == ""


def bash_offers(scripts, *words) -> set:
    """What bash offers for the last of `words`."""
    line = ("agentauth", *words)
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agentauth; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    result = subprocess.run(["bash", "-c", script, "bash", scripts / "bash", *line],
                            capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return set(result.stdout.split())


# The shell waits for nothing it has not been sent: TAB completes, the line break runs the command,
# which tells its words. What is waited for must not stand in what is typed, which comes back too.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; PROMPT_EOL_MARK=; TERM=dumb; autoload -U compinit; compinit -u -D'
zpty -w shell "source $1"
zpty -w shell 'agentauth() { print -r -- "ra""n:<$*>" }; unsetopt beep; print "set"" up"'
zpty -r shell seen '*set up*'
zpty -n -w shell "agentauth $2"$'\t\n'
zpty -r shell seen '*ran:<*>*'
print -r -- "$seen"
zpty -d shell
"""


def zsh_completes(scripts, typed: str) -> str:
    """What the line "agentauth TYPED" has become when TAB and then the line break were pressed."""
    result = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", scripts / "zsh", typed],
                            capture_output=True, text=True, timeout=20, check=True)
    return result.stdout.rpartition("ran:<")[2].partition(">")[0].strip()


class TestBash:
    def test_offers_commands_options_and_values(self, scripts):
        assert {"serve", "agent", "--help"} <= bash_offers(scripts, "")
        assert bash_offers(scripts, "agent", "su") == {"suspend"}
        assert bash_offers(scripts, "serve", "--regist") == {"--registration",
                                                             "--registration-token",
                                                             "--registration-token-file"}
        assert bash_offers(scripts, "serve", "--registration", "") == {"open", "token", "closed"}

    def test_of_help_offers_what_the_command_is_made_of(self, scripts):
        assert {"reference", "serve", "agent"} <= bash_offers(scripts, "help", "")
        commands = bash_offers(scripts, "help", "agent", "")
        assert {"list", "show", "create"} <= commands
        assert commands == bash_offers(scripts, "agent", "") - {"--help"}
        assert "configuration" in bash_offers(scripts, "help", "reference", "")
        assert bash_offers(scripts, "help", "serve", "") == set()
        assert bash_offers(scripts, "help", "agent", "list", "") == set()


class TestZsh:
    @pytest.mark.parametrize("typed, became", [
        ("ser", "serve"), ("agent su", "agent suspend"), ("serve --log-f", "serve --log-format"),
        ("serve --registration cl", "serve --registration closed"), ("completion z", "completion zsh"),
        ("help agent su", "help agent suspend"), ("help reference conf", "help reference configuration"),
        ("help agent se", "help agent se"), ("help serve se", "help serve se"),
    ])
    def test_completes_what_only_one_word_fits(self, scripts, typed, became):
        assert zsh_completes(scripts, typed) == became
