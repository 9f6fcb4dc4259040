package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is how wide a help may be: what every terminal has.
const helpWidth = 80

// teach has root and all its commands show help in our form.
func teach(root *cobra.Command) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { writeHelp(c.OutOrStdout(), c) })
	root.SetUsageFunc(func(c *cobra.Command) error {
		writeUsage(c.OutOrStderr(), c)
		return nil
	})
	root.SetFlagErrorFunc(explained)
	explainArguments(root)
	root.SuggestionsMinimumDistance = 2
	root.Args = knownCommand
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SetHelpCommand(&cobra.Command{
		Use:     "help [COMMAND]",
		GroupID: "look",
		Short:   "Show what a command does, with examples",
		Long:    `Show what a command does, with examples, as COMMAND --help does.`,
		Example: `  sluice help maintenance on`,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			if at, _, err := root.Find(args); err == nil {
				for _, c := range shownCommands(at) {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q\nsluice --help lists all", strings.Join(args, " "))
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	})
}

// explainArguments has all commands below c say where their arguments are
// explained, when they are wrong.
func explainArguments(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if right := sub.Args; right != nil {
			sub.Args = func(c *cobra.Command, args []string) error {
				if err := right(c, args); err != nil {
					return explained(c, wrongArguments(c, args, err))
				}
				return nil
			}
		}
		explainArguments(sub)
	}
}

// wrongArguments says by their names which arguments of c are missing, and which
// are too many; err is what cobra says of them.
func wrongArguments(c *cobra.Command, args []string, err error) error {
	wanted := strings.Fields(c.Use)[1:]
	switch subs := shownCommands(c); {
	case len(args) > len(wanted) && len(subs) > 0:
		var names []string
		for _, sub := range subs {
			names = append(names, sub.Name())
		}
		return fmt.Errorf("%s has no command %q; it has %s", c.CommandPath(), args[0], strings.Join(names, ", "))
	case len(args) > len(wanted):
		return fmt.Errorf("%s: %q is one argument too many", c.CommandPath(), args[len(wanted)])
	case len(args) < len(wanted):
		return fmt.Errorf("%s: %s missing", c.CommandPath(), strings.Join(wanted[len(args):], " and ")+verb(len(wanted)-len(args)))
	}
	return err
}

func verb(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// knownCommand returns an error for arguments of sluice itself: they are meant as
// a command.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %q?\nsluice --help lists all", args[0], near[0])
	}
	return fmt.Errorf("there is no command %q\nsluice --help lists all", args[0])
}

// explained adds to an error of the command line what to do.
func explained(c *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\n%s --help says how it is used", err, c.CommandPath())
}

// writeHelp writes what a command does and how it is used.
func writeHelp(w io.Writer, c *cobra.Command) {
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(w, "%s\n\n", strings.TrimSpace(about))
	writeUsage(w, c)
}

// writeUsage writes how a command is used: examples, commands below it, flags.
func writeUsage(w io.Writer, c *cobra.Command) {
	fmt.Fprintln(w, "Usage:")
	if c.Runnable() && c.HasParent() {
		fmt.Fprintf(w, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n", c.CommandPath())
	}
	if c.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", c.Example)
	}
	writeCommands(w, c)
	writeFlags(w, "Flags:", c.LocalFlags().FlagUsagesWrapped(helpWidth-1))
	writeFlags(w, "Flags of all its commands:", c.InheritedFlags().FlagUsagesWrapped(helpWidth-1))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s COMMAND --help tells more about a command.\n", c.CommandPath())
	}
}

// writeCommands lists the commands below c, by group.
func writeCommands(w io.Writer, c *cobra.Command) {
	widest := 0
	for _, sub := range shownCommands(c) {
		widest = max(widest, len(sub.Name()))
	}
	groups := append([]*cobra.Group{}, c.Groups()...)
	for _, g := range append(groups, &cobra.Group{Title: "Commands:"}) {
		began := false
		for _, sub := range shownCommands(c) {
			if sub.GroupID != g.ID {
				continue
			}
			if !began {
				fmt.Fprintf(w, "\n%s\n", g.Title)
				began = true
			}
			fmt.Fprintf(w, "  %-*s  %s\n", widest, sub.Name(), sub.Short)
		}
	}
}

// shownCommands returns the commands below c that are not hidden.
func shownCommands(c *cobra.Command) (all []*cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub)
		}
	}
	return all
}

func writeFlags(w io.Writer, title, usages string) {
	if usages != "" {
		fmt.Fprintf(w, "\n%s\n%s", title, usages)
	}
}
