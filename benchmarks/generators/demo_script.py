"""The script of the demo call: who says what, in which mood, and how long after the last one.

Every phrase carries its sounds in the alphabet of the Kokoro voices (misaki's English), so that no
grapheme-to-phoneme step is needed and stress can be placed by hand. Pure data.
"""
# ruff: noqa: RUF001

from dataclasses import dataclass
from enum import StrEnum

from audio.frame import STEREO, Channel

AGENT, CUSTOMER = STEREO


class Mood(StrEnum):
    """How a line is spoken. The agent is kind or rushed; all the others are the customer's."""

    KIND = "kind"
    RUSHED = "rushed"
    CALM = "calm"
    ANNOYED = "annoyed"
    ANGRY = "angry"
    FURIOUS = "furious"
    SOFTENING = "softening"
    RELIEVED = "relieved"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is said in one breath."""

    text: str
    sounds: str


@dataclass(frozen=True, slots=True)
class Line:
    """One speaker's go. A negative `gap` talks over the line before."""

    speaker: Channel
    mood: Mood
    gap: float  # seconds from the end of the line before to the start of this one
    phrases: tuple[Phrase, ...]

    @property
    def text(self) -> str:
        return " ".join(phrase.text for phrase in self.phrases)


def line(speaker: Channel, mood: Mood, gap: float, *phrases: tuple[str, str]) -> Line:
    return Line(speaker, mood, gap, tuple(Phrase(*phrase) for phrase in phrases))


# fmt: off
SCRIPT: tuple[Line, ...] = (
    line(AGENT, Mood.KIND, 0.5,
         ("Harbor Mobile, this is Daniel.", "hˈɑɹbəɹ mˈObəl, ðɪs ɪz dˈænjəl."),
         ("How can I help you?", "hˌW kæn ˌI hˈɛlp ju?")),
    line(CUSTOMER, Mood.CALM, 0.5,
         ("Hi, yes.", "hˈI, jˈɛs."),
         ("I'm calling about my bill.", "ˌIm kˈɔlɪŋ əbˈWt mI bˈɪl."),
         ("It says ninety-four dollars, and it's usually sixty.",
          "ˌɪt sˈɛz nˈIndifˌɔɹ dˈɑləɹz, ænd ɪts jˈuʒəwəli sˈɪksti.")),
    line(AGENT, Mood.KIND, 0.35,
         ("I'm sorry about that.", "ˌIm sˈɔɹi əbˈWt ðˈæt."),
         ("What's your last name, please?", "wˌʌts jʊɹ lˈæst nˈAm, plˈiz?")),
    line(CUSTOMER, Mood.CALM, 0.4,
         ("It's Parker.", "ˌɪts pˈɑɹkəɹ."),
         ("I did call about it twice, and they said it would be fixed.",
          "ˌI dˈɪd kˈɔl əbˈWt ɪt twˈIs, ænd ðA sˈɛd ɪt wʊd bi fˈɪkst.")),
    line(CUSTOMER, Mood.ANNOYED, 0.6,
         ("And now there's a roaming charge on it,", "ˌænd nˈW ðɛɹz ɐ ɹˈOmɪŋ ʧˈɑɹʤ ˌɔn ɪt,"),
         ("but I was at home the whole month so I really don't see how anyone could",
          "bˌʌt ˌI wʌz æt hˈOm ðə hˈOl mˈʌnθ sˌO ˌI ɹˈiᵊli dˈOnt sˈi hˌW ˈɛniwˌʌn kʊd")),
    line(AGENT, Mood.RUSHED, -1.35,
         ("Yeah, so that's the roaming package, it gets added when your phone connects to a foreign network,",
          "jˈɛə, sˌO ðˈæts ðə ɹˈOmɪŋ pˈækɪʤ, ɪt ɡɛts ˈædᵻd wˌɛn jʊɹ fˈOn kənˈɛkts tə ɐ fˈɔɹən nˈɛtwˌɜɹk,"),
         ("and it's in the terms that you signed.", "ænd ɪts ɪn ðə tˈɜɹmz ðæt ju sˈInd.")),
    line(CUSTOMER, Mood.ANGRY, 0.15,
         ("But I never left the country!", "bˌʌt ˌI nˈɛvəɹ lˈɛft ðə kˈʌntɹi!"),
         ("This is the third time I call about this, and every time, I hear a different story!",
          "ðˌɪs ɪz ðə θˈɜɹd tˈIm ˌI kˈɔl əbˈWt ðˈɪs, ænd ˈɛvəɹi tˈIm, ˌI hˈɪɹ ɐ dˈɪfəɹənt stˈɔɹi!"),
         ("Nobody fixes it and I am the one who has to pay for it!",
          "nˈObˌɑdi fˈɪksᵻz ɪt ænd ˈI ɐm ðə wˈʌn hˌu hæz tə pˈA fɔɹ ɪt!")),
    line(AGENT, Mood.RUSHED, -1.4,
         ("Okay, but there's nothing I can do about that, that's our policy,",
          "ˌOkˈA, bˌʌt ðɛɹz nˈʌθɪŋ ˌI kæn dˈu əbˈWt ðˈæt, ðˈæts ˌWəɹ pˈɑləsi,"),
         ("the system says you used it, so you have to pay it, and I can't change that.",
          "ðə sˈɪstəm sˈɛz ju jˈuzd ɪt, sˌO ju hæv tə pˈA ɪt, ænd ˌI kˈænt ʧˈAnʤ ðˈæt.")),
    line(CUSTOMER, Mood.FURIOUS, 0.1,
         ("That is ridiculous!", "ðˈæt ɪz ɹədˈɪkjələs!"),
         ("You're not even listening to me!", "jˌʊɹ nˌɑt ˈivən lˈɪsənɪŋ tə mˌi!"),
         ("I want to cancel my contract, right now, and I want to speak to a manager!",
          "ˌI wˈɑnt tə kˈænsᵊl mI kˈɑntɹˌækt, ɹˈIt nˈW, ænd ˌI wˈɑnt tə spˈik tə ɐ mˈænɪʤəɹ!")),
    line(AGENT, Mood.KIND, 1.1,
         ("You're right, and I'm sorry.", "jˌʊɹ ɹˈIt, ænd ˌIm sˈɔɹi."),
                  ("I can imagine how frustrating that must be.", "ˌI kæn ɪmˈæʤən hˌW fɹˈʌstɹˌATɪŋ ðˈæt mˈʌst bˈi.")),
    line(CUSTOMER, Mood.SOFTENING, 0.7,
         ("It really is.", "ˌɪt ɹˈiᵊli ˈɪz."),
         ("I've been dealing with this for weeks now,", "ˌIv bɪn dˈilɪŋ wɪð ðɪs fɔɹ wˈiks nˈW,"),
         ("and I just want somebody to fix it, that's all.",
          "ænd ˌI ʤˈʌst wˈɑnt sˈʌmbədi tə fˈɪks ɪt, ðˈæts ˈɔl.")),
    line(AGENT, Mood.KIND, 0.45,
         ("What I can do is refund the charge today, and block roaming for you.",
          "wˌʌt ˌI kæn dˈu ɪz ɹˈifˌʌnd ðə ʧˈɑɹʤ tədˈA, ænd blˈɑk ɹˈOmɪŋ fɔɹ ju."),
         ("Would that help?", "wˌʊd ðˈæt hˈɛlp?")),
    line(CUSTOMER, Mood.RELIEVED, 0.5,
         ("Okay, yes, please.", "ˌOkˈA, jˈɛs, plˈiz."),
         ("That would really help.", "ðˈæt wʊd ɹˈiᵊli hˈɛlp."),
         ("I only wanted somebody to listen.", "ˌI ˈOnli wˈɑntᵻd sˈʌmbədi tə lˈɪsᵊn.")),
    line(AGENT, Mood.KIND, 0.6,
         ("Done.", "dˈʌn."),
         ("It's sixty dollars again.", "ˌɪts sˈɪksti dˈɑləɹz əɡˈɛn.")),
    line(CUSTOMER, Mood.RELIEVED, 0.4,
         ("Thank you so much, Daniel.", "θˈæŋk ju sˌO mˈʌʧ, dˈænjəl."),
         ("I really appreciate it.", "ˌI ɹˈiᵊli əpɹˈiʃiˌAt ɪt.")),
    line(AGENT, Mood.KIND, 0.3,
         ("You're very welcome.", "jˌʊɹ vˈɛɹi wˈɛlkəm.")),
)
# fmt: on
