// What a person is offered: commands as they are typed, with their subcommands, in the language of the app.

const SUBCOMMANDS = [1, 2];

function shown(thing, locale) {
  return { name: thing.name_localizations?.[locale] ?? thing.name, description: thing.description_localizations?.[locale] ?? thing.description };
}

/** Every command that can be typed, in the order of the alphabet: `path` is what it is called, `name` how it is shown. */
export function typed(commands, locale) {
  const all = commands.filter((command) => command.type === 1).flatMap((command) => leaves(command, [], [], locale));
  return all.sort((one, other) => one.name.localeCompare(other.name, locale));
}

function leaves(command, path, names, locale) {
  const here = shown(command, locale);
  const below = (command.options ?? []).filter((option) => SUBCOMMANDS.includes(option.type));
  const whole = [[...path, command.name], [...names, here.name]];
  if (below.length) return below.flatMap((child) => leaves(child, ...whole, locale));
  const options = (command.options ?? []).map((option) => ({ ...option, shown: shown(option, locale), choices: choices(option.choices, locale) }));
  return [{ path: whole[0].join(" "), name: whole[1].join(" "), description: here.description, options }];
}

/** Choices as values with what is shown for them. */
export function choices(given, locale) {
  return given?.map((choice) => ({ value: choice.value, label: choice.name_localizations?.[locale] ?? choice.name }));
}

/** The entries of the menu of a message (3) or of a person (2). */
export function menus(commands, kind, locale) {
  return commands.filter((command) => command.type === kind).map((command) => ({ name: command.name, label: shown(command, locale).name }));
}

/** A command's full name as it is shown in a language; as it is, where it is not known. */
export function localName(commands, path, locale) {
  return typed(commands, locale).find((each) => each.path === path)?.name ?? path;
}

/** The commands that fit what is typed, those first whose name begins so. */
export function fitting(all, text) {
  const wanted = text.toLowerCase().trim();
  const names = (command) => [command.name.toLowerCase(), command.path];
  const rank = (command) => names(command).some((name) => name.startsWith(wanted)) ? 0
    : names(command).some((name) => name.includes(wanted) || name.split(" ").some((word) => word.startsWith(wanted))) ? 1 : 2;
  return all.filter((command) => rank(command) < 2).sort((one, other) => rank(one) - rank(other));
}
