// The page's own words, in each language; what the bot says comes from the bot.

const WORDS = {
  "en-US": {
    actingAs: "Acting as", language: "Language", phone: "Phone", services: "Services", online: "Bot online",
    offline: "Bot offline", lost: "Connection lost. Trying again …", channels: "Channels", direct: "Direct messages",
    message: (name) => `Message ${name}`, mayNotWrite: "You do not have permission to send messages in this channel.",
    send: "Send", commands: "Commands", noCommand: "No such command", menu: "Open the channels",
    owner: "Owner", admin: "Admin", moderator: "Moderator", member: "Member", stranger: "Not a member",
    private: "Only you can see this", dismiss: "Dismiss message", thinking: (name) => `${name} is thinking`,
    used: "used", edited: "(edited)", app: "APP", failed: "This interaction failed", noAnswer: "The application did not respond",
    choose: "Make a selection", search: "Search", nothing: "Nothing found", done: "Done", cancel: "Cancel", submit: "Submit",
    close: "Close", required: "required", more: (n) => `+${n} more`, options: "Options",
    yes: "True", no: "False", spoiler: "Spoiler", show: "Show the spoiler",
    actions: "More actions", apps: "Apps", copy: "Copy text", remove: "Delete message", noReply: "The original message was deleted",
    attachment: "Attachment", video: "Video", picture: "Picture", beginning: (name) => `This is the start of ${name}.`, begin: "Type / to see the bot's commands.",
    mentioned: (name, where) => `${name} mentioned you in ${where}`, wrote: (name) => `${name} sent you a direct message`, unread: "unread", mentions: (n) => `${n} mentions`,
    missing: (name) => `Fill in “${name}” first`,
    tasks: "Tasks", noTasks: "Nothing has been asked for yet.", faults: "Trouble", money: "Money", clock: "Clock",
    bill: "What the services billed", books: "The bot's books", noBooks: "Which database the bot has is not known here. With make try, or shotcaller sandbox --database FILE and the bot's SQLite file, its books are shown.",
    balanced: "Every account is the sum of its lines", unbalanced: "These accounts are not the sum of their lines:",
    account: "Account", held: "Held", settled: "Settled", left: "Left", videos: "Videos delivered",
    given: (name) => `${name}: given by others`, pool: (name) => `Pool “${name}”`, together: "All members together", budget: "The server's budget", wholeBudget: "The whole bot's budget",
    credits: "credits", body: "What was asked", callbacks: "Callbacks", total: "Total", now: "Discord's time", ahead: "Put forward",
    minute: "1 minute", quarter: "15 minutes", hour: "1 hour", day: "1 day", clockHint: "Timestamps, tokens of 15 minutes and rate limits follow this clock; the bot's own clock does not.",
    faultHint: "One click: the next matching call goes wrong. Another click takes it back.", waiting: (n) => `waiting, ${n}`,
  },
  "zh-CN": {
    actingAs: "当前身份", language: "语言", phone: "手机", services: "视频服务", online: "机器人在线", offline: "机器人离线",
    lost: "连接已断开，正在重试……", channels: "频道", direct: "私信", message: (name) => `给 ${name} 发消息`,
    mayNotWrite: "你没有在此频道发送消息的权限。", send: "发送", commands: "命令", noCommand: "没有这个命令", menu: "打开频道列表",
    owner: "所有者", admin: "管理员", moderator: "版主", member: "成员", stranger: "不在服务器中",
    private: "只有您可以看到", dismiss: "忽略消息", thinking: (name) => `${name} 正在思考`, used: "使用了", edited: "（已编辑）", app: "应用",
    failed: "此交互失败", noAnswer: "该应用没有响应", choose: "请选择", search: "搜索", nothing: "没有找到", done: "完成", cancel: "取消",
    submit: "提交", close: "关闭", required: "必填", more: (n) => `还有 ${n} 项`, options: "选项", yes: "是", no: "否",
    spoiler: "剧透", show: "显示剧透", actions: "更多操作", apps: "应用", copy: "复制文字",
    remove: "删除消息", noReply: "原消息已被删除", attachment: "附件", video: "视频", picture: "图片",
    beginning: (name) => `这里是 ${name} 的开头。`, begin: "输入 / 即可查看机器人的命令。", mentioned: (name, where) => `${name} 在 ${where} 提到了你`, wrote: (name) => `${name} 给你发了私信`, unread: "未读",
    mentions: (n) => `${n} 次提及`, missing: (name) => `请先填写“${name}”`, tasks: "任务",
    noTasks: "还没有任何请求。", faults: "故障", money: "费用", clock: "时钟", bill: "视频服务账单", books: "机器人的账本",
    noBooks: "这里不知道机器人用哪个数据库。用 make try，或 shotcaller sandbox --database FILE（机器人的 SQLite 文件），就能看到它的账本。", balanced: "每个账户都等于其明细之和", unbalanced: "以下账户与明细不符：",
    given: (name) => `${name}：他人给的`, pool: (name) => `额度池“${name}”`, together: "全体成员合计", budget: "服务器预算", wholeBudget: "整个机器人的预算",
    account: "账户", held: "预留", settled: "已扣", left: "剩余", videos: "已送达视频", credits: "额度",
    body: "请求内容", callbacks: "回调", total: "合计", now: "Discord 时间", ahead: "拨快", minute: "1 分钟", quarter: "15 分钟",
    hour: "1 小时", day: "1 天", clockHint: "时间戳、15 分钟令牌与限流跟随此时钟；机器人自己的时钟不变。",
    faultHint: "点一下：下一次对应的调用会出错；再点一下取消。", waiting: (n) => `等待中，${n}`,
  },
  "es-ES": {
    actingAs: "Actúas como", language: "Idioma", phone: "Móvil", services: "Servicios", online: "Bot en línea",
    offline: "Bot desconectado", lost: "Conexión perdida. Reintentando…", channels: "Canales", direct: "Mensajes directos",
    message: (name) => `Mensaje a ${name}`, mayNotWrite: "No tienes permiso para enviar mensajes en este canal.",
    send: "Enviar", commands: "Comandos", noCommand: "No existe ese comando", menu: "Abrir los canales",
    owner: "Propietario", admin: "Admin", moderator: "Moderador", member: "Miembro", stranger: "No es miembro",
    private: "Solo tú puedes ver esto", dismiss: "Descartar mensaje", thinking: (name) => `${name} está pensando`,
    used: "ha usado", edited: "(editado)", app: "APP", failed: "Esta interacción ha fallado", noAnswer: "La aplicación no ha respondido",
    choose: "Elige una opción", search: "Buscar", nothing: "No se ha encontrado nada", done: "Listo", cancel: "Cancelar", submit: "Enviar",
    close: "Cerrar", required: "obligatorio", more: (n) => `+${n} más`, options: "Opciones",
    yes: "Sí", no: "No", spoiler: "Spoiler", show: "Mostrar el spoiler",
    actions: "Más acciones", apps: "Aplicaciones", copy: "Copiar texto", remove: "Eliminar mensaje", noReply: "El mensaje original se ha eliminado",
    attachment: "Adjunto", video: "Vídeo", picture: "Imagen", beginning: (name) => `Aquí empieza ${name}.`, begin: "Escribe / para ver los comandos del bot.",
    mentioned: (name, where) => `${name} te ha mencionado en ${where}`, wrote: (name) => `${name} te ha enviado un mensaje directo`, unread: "sin leer", mentions: (n) => `${n} menciones`,
    missing: (name) => `Rellena antes “${name}”`,
    tasks: "Tareas", noTasks: "Aún no se ha pedido nada.", faults: "Averías", money: "Dinero", clock: "Reloj",
    bill: "Lo que han facturado los servicios", books: "Las cuentas del bot", noBooks: "Aquí no se sabe qué base de datos tiene el bot. Con make try, o con shotcaller sandbox --database FILE y el archivo SQLite del bot, se ven sus cuentas.",
    balanced: "Cada cuenta es la suma de sus apuntes", unbalanced: "Estas cuentas no son la suma de sus apuntes:",
    given: (name) => `${name}: recibidos de otros`, pool: (name) => `Fondo “${name}”`, together: "Todos los miembros juntos", budget: "Presupuesto del servidor", wholeBudget: "Presupuesto de todo el bot",
    account: "Cuenta", held: "Reservado", settled: "Cobrado", left: "Queda", videos: "Vídeos entregados",
    credits: "créditos", body: "Lo que se pidió", callbacks: "Avisos", total: "Total", now: "Hora de Discord", ahead: "Adelantar",
    minute: "1 minuto", quarter: "15 minutos", hour: "1 hora", day: "1 día", clockHint: "Las marcas de tiempo, los tokens de 15 minutos y los límites de peticiones siguen este reloj; el del bot no cambia.",
    faultHint: "Un clic: la próxima llamada que corresponda falla. Otro clic lo anula.", waiting: (n) => `en espera, ${n}`,
  },
};

// What each kind of trouble does, in the languages' order above.
export const FAULTS = {
  http_500: ["answers 500", "返回 500", "responde 500"],
  http_429: ["answers 429: too many requests", "返回 429：请求过多", "responde 429: demasiadas peticiones"],
  timeout: ["never answers", "一直不回应", "no responde nunca"],
  reset: ["cuts the connection", "切断连接", "corta la conexión"],
  malformed_json: ["answers with broken JSON", "返回残缺的 JSON", "responde con JSON roto"],
  slow: ["answers two seconds late", "晚两秒回应", "responde dos segundos tarde"],
  lost_answer: ["does it, but the answer is lost", "已执行，但回应丢失", "lo hace, pero la respuesta se pierde"],
  task_failed: ["the task fails", "任务失败", "la tarea falla"],
  stuck: ["the task never ends", "任务永不结束", "la tarea no termina nunca"],
  price_change: ["bills twice the price", "按双倍价格计费", "factura el doble"],
  callback_lost: ["forgets to call back", "忘记回调", "se olvida de avisar"],
  file_truncated: ["the file breaks off", "文件中途断开", "el archivo se corta"],
  file_missing: ["the file is not there", "文件不存在", "el archivo no está"],
  file_too_large: ["the file is too large", "文件过大", "el archivo es demasiado grande"],
  missing_permissions: ["posting: missing permissions", "发消息：缺少权限", "al publicar: faltan permisos"],
  unknown_channel: ["posting: unknown channel", "发消息：未知频道", "al publicar: canal desconocido"],
  gateway_drop: ["the gateway drops the bot, now", "网关立即断开机器人", "la pasarela desconecta el bot, ya"],
};

/** The words of a language, by key. */
export function wordsOf(locale) {
  return WORDS[locale] ?? WORDS["en-US"];
}

/** What a kind of trouble does, in a language. */
export function faultIn(locale, kind) {
  return FAULTS[kind]?.[Math.max(0, Object.keys(WORDS).indexOf(locale))] ?? kind;
}
