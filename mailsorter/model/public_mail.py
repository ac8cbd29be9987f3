"""Mail providers whose domains belong to everyone, and so to no client.

Gathered by hand from the big providers and the Dutch and Belgian access providers; a firm adds its own by config.
An address at one of them is evidence when the client book lists it; its domain never is.
"""

from __future__ import annotations

_TABLE = """
gmail.com googlemail.com
outlook.com outlook.nl outlook.be outlook.de outlook.fr hotmail.com hotmail.nl hotmail.be hotmail.de hotmail.fr
hotmail.co.uk hotmail.it hotmail.es live.com live.nl live.be live.de live.fr live.co.uk msn.com passport.com
onmicrosoft.com
yahoo.com yahoo.nl yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.co.uk yahoo.co.in ymail.com rocketmail.com myyahoo.com
aol.com aim.com verizon.net att.net sbcglobal.net bellsouth.net comcast.net charter.net cox.net earthlink.net
icloud.com me.com mac.com privaterelay.appleid.com
proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io keemail.me posteo.de
posteo.net posteo.nl mailbox.org startmail.com runbox.com soverin.net fastmail.com fastmail.fm fastmail.nl hey.com
hushmail.com zoho.com zohomail.eu gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de freenet.de
mail.com email.com usa.com mail.ru yandex.ru yandex.com rambler.ru qq.com 163.com 126.com sina.com foxmail.com
naver.com daum.net hanmail.net rediffmail.com
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr libero.it virgilio.it tiscali.it alice.it
btinternet.com btopenworld.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk
ziggo.nl ziggomail.com home.nl casema.nl hetnet.nl kpnmail.nl kpnplanet.nl planet.nl telfort.nl telfortglasvezel.nl
xs4all.nl xmsnet.nl upcmail.nl chello.nl quicknet.nl multiweb.nl zeelandnet.nl caiway.nl caiway.net kabelfoon.nl
tele2.nl versatel.nl zonnet.nl freeler.nl wanadoo.nl orange.nl online.nl euronet.nl tiscali.nl worldonline.nl
wxs.nl 12move.nl hccnet.nl solcon.nl solcon.net scarlet.nl filternet.nl onsbrabantnet.nl onsnet.nu
deltanet.nl youfone.nl dds.nl
antenna.nl bart.nl cistron.nl demon.nl vodafonevast.nl
telenet.be skynet.be proximus.be belgacom.net scarlet.be voo.be pandora.be edpnet.be
pt.lu bluewin.ch hispeed.ch sunrise.ch a1.net chello.at aon.at
mailinator.com guerrillamail.com yopmail.com 10minutemail.com temp-mail.org
"""

PUBLIC_MAIL_DOMAINS = frozenset(_TABLE.split())
