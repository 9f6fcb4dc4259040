package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// completedShells are those that there is a script for.
func completedShells() []string { return []string{"bash", "zsh", "fish"} }

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print what lets your shell complete commands, flags and names",
		Long: `Print a script for your shell: with it the Tab key completes the commands and
flags of sluice, the Sites, Pools and servers of the configuration, and the IDs
of requests that failed. Packages install it; by hand it is done once.

bash needs the package bash-completion.`,
		Example: `  sluice completion bash > /etc/bash_completion.d/sluice
  sluice completion zsh  > "${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish
  source <(sluice completion bash)        for this shell only`,
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:             completedShells(),
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			return writeCompletion(c.OutOrStdout(), c.Root(), args[0])
		},
	}
}

// writeCompletion writes the script for a shell.
func writeCompletion(w io.Writer, root *cobra.Command, shell string) error {
	const described = true
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, described)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		var script bytes.Buffer
		if err := root.GenFishCompletion(&script, described); err != nil {
			return err
		}
		mended, err := quotingWords(script.String())
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, mended)
		return err
	}
	return fmt.Errorf("there is no completion for %q", shell)
}

// What the script for fish does with the words before the one that is completed:
// it takes them without the quotes that they were written in, and has the shell
// read them again. A part of a URL behind ; or & would be run as a command by a
// press of Tab, and a path with a space would be two. So they are quoted again.
// Only ~ keeps what it means, as paths begin with it; $NAME is taken literally.
const (
	fishWordsBare = `    set -l args (commandline -opc)
`
	fishWordsQuoted = `    set -l args
    for arg in (commandline -opc)
        switch $arg
            case '~' '~/*'
                set arg (string replace -- '~' $HOME $arg)
        end
        set args $args (string escape -- $arg)
    end
`
)

// quotingWords returns the script for fish with words that are quoted again.
func quotingWords(script string) (string, error) {
	mended := strings.Replace(script, fishWordsBare, fishWordsQuoted, 1)
	if mended == script {
		return "", errors.New("the script for fish takes its words in another way than is known here")
	}
	return mended, nil
}
